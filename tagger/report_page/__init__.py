"""The page that shows the losses side by side."""
