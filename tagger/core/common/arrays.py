"""The array types of the project, named by what an element is."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Float32s = npt.NDArray[np.float32]
Float64s = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Tags = npt.NDArray[np.integer]  # ids of tags
Probabilities = Float32s  # one row per token, one column per tag
