"""What every stage shares: errors, files, params, losses, the corpus in memory and the network.

May import: nothing of the project.
"""
