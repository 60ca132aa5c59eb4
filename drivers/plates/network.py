"""One network on one core."""

from typing import Any

import numpy as np
import onnxruntime as ort

from gateway.ports import DeviceError

_PICTURES, _LEAST_RANK = 4, 2
_NEXT = "install the models folder of the release again"
# Logits and corner offsets lie within some hundred; what is far beyond comes of broken weights,
# and would become corners that no picture has.
_WILDEST = 1e4
# Weights in a file of their own would be read from the working folder, with no SHA-256 checked.
_NOWHERE = "/dev/null"


class Network:
    """Runs a model that takes pictures and gives `outputs` answers, all float32.

    One thread and no spinning: on an industrial PC the other cores belong to the other lanes.
    """

    def __init__(self, model: bytes, name: str, outputs: int = 1) -> None:
        self._name = name
        self._session = _session(model, name)
        takes, gives = self._session.get_inputs(), self._session.get_outputs()
        if len(takes) != 1 or len(gives) != outputs:
            raise DeviceError(f"{name}: must have 1 input and {outputs} output(s); {_NEXT}")
        self._input: str = takes[0].name
        self.input_shape: list[Any] = _shape(takes[0], name)
        self.output_shapes: list[list[Any]] = [_shape(side, name) for side in gives]
        if len(self.input_shape) != _PICTURES or min(map(len, self.output_shapes)) < _LEAST_RANK:
            raise DeviceError(
                f"{name}: takes {self.input_shape} and gives {self.output_shapes}, not what a "
                f"network for pictures does; {_NEXT}"
            )

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        """Raises `DeviceError` where the model fails, or gives what no sound one gives."""
        try:
            answers: list[np.ndarray] = self._session.run(None, {self._input: batch})
        except Exception as error:  # onnxruntime has a class of its own for each way to fail
            raise DeviceError(
                f"{self._name}: cannot run ({_first_line(error)}); {_NEXT}"
            ) from error
        for answer, shape in zip(answers, self.output_shapes, strict=True):
            if answer.ndim != len(shape) or len(answer) != len(batch):
                given = list(answer.shape)
                raise DeviceError(f"{self._name}: gives {given} for {list(batch.shape)}; {_NEXT}")
            if not float(np.abs(answer).max(initial=0)) <= _WILDEST:  # NaN is under no limit
                raise DeviceError(f"{self._name}: gives numbers that make no sense; {_NEXT}")
        return answers


def _session(model: bytes, name: str) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", _NOWHERE
    )
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class of its own for each way to fail
        raise DeviceError(
            f"{name}: onnxruntime cannot load it ({_first_line(error)}); {_NEXT}"
        ) from error


def _shape(side: Any, name: str) -> list[Any]:
    """Of an input or output."""
    if side.type != "tensor(float)":
        raise DeviceError(f"{name}: {side.name} is {side.type}, not tensor(float); {_NEXT}")
    shape: list[Any] = side.shape
    return shape


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
