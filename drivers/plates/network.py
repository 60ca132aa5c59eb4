"""One network on one core."""

from typing import Any

import numpy as np
import onnxruntime as ort

from gateway.ports import DeviceError


class Network:
    """Runs a model that has one input and one output, both float32.

    One thread and no spinning: on an industrial PC the other cores belong to the other lanes.
    """

    def __init__(self, model: bytes, name: str) -> None:
        self._session = _session(model, name)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise DeviceError(f"{name}: must have one input and one output; check the model")
        self._input: str = inputs[0].name
        self.input_shape: list[Any] = inputs[0].shape
        self.output_shape: list[Any] = outputs[0].shape

    def run(self, batch: np.ndarray) -> np.ndarray:
        answer: np.ndarray = self._session.run(None, {self._input: batch})[0]
        return answer


def _session(model: bytes, name: str) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class of its own for each way to fail
        raise DeviceError(
            f"{name}: onnxruntime cannot load it ({str(error).splitlines()[0]}); "
            "install the models folder of the release again"
        ) from error
