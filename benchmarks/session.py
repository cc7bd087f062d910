"""A session without a browser: speaks Streamlit's protocol over its websocket, and beats like a tab that is open."""

import threading
import time
from types import TracebackType
from typing import Final, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

_PATIENCE_S: Final = 60.0
_LARGEST_BYTES: Final = 50_000_000


class Session:
    """One open tab. Its heartbeat is answered in a thread of its own until it is closed."""

    def __init__(self, url: str, query: str) -> None:
        address = f"{url.replace('http', 'ws', 1)}_stcore/stream"
        self._connecting = connect(address, subprotocols=[Subprotocol("streamlit")], max_size=_LARGEST_BYTES)
        self._query = query
        self._box_id = ""
        self.options: tuple[str, ...] = ()
        """Lines of the version dropdown, as they were listed last."""
        self._beat: tuple[float, str] | None = None
        self._finished = threading.Event()
        self._is_closed = threading.Event()
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._listen, self._beat_on)]

    def __enter__(self) -> Self:
        self._socket = self._connecting.__enter__()
        for thread in self._threads:
            thread.start()
        self.rerun_ms()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed.set()
        self._connecting.__exit__(kind, error, trace)
        for thread in self._threads:
            thread.join()

    def rerun_ms(self) -> float:
        """Milliseconds of a run of the page as it is."""
        return self._run_ms(BackMsg())

    def select_ms(self, line: str) -> float:
        """Milliseconds of the run that follows the choice of a version."""
        message = BackMsg()
        message.rerun_script.widget_states.widgets.add(id=self._box_id, string_value=line)
        return self._run_ms(message)

    def _run_ms(self, message: BackMsg) -> float:
        message.rerun_script.query_string = self._query
        self._finished.clear()
        started = time.perf_counter()
        self._socket.send(message.SerializeToString())
        if not self._finished.wait(_PATIENCE_S):
            raise RuntimeError("a run of the page did not end")
        return (time.perf_counter() - started) * 1000

    def _listen(self) -> None:
        try:
            for data in self._socket:
                message = ForwardMsg()
                message.ParseFromString(data if isinstance(data, bytes) else data.encode())
                self._take(message)
        except ConnectionClosed:
            return

    def _take(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "auto_rerun":
                self._beat = message.auto_rerun.interval, message.auto_rerun.fragment_id
            case "script_finished" if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                self._finished.set()
            case "delta" if message.delta.new_element.WhichOneof("type") == "selectbox":
                box = message.delta.new_element.selectbox
                if box.label.startswith("Version"):
                    self._box_id, self.options = box.id, tuple(box.options)

    def _beat_on(self) -> None:
        """As a browser does: one fragment, again and again."""
        last = time.monotonic()
        while not self._is_closed.wait(0.1):
            if self._beat is None or time.monotonic() - last < self._beat[0]:
                continue
            last = time.monotonic()
            message = BackMsg()
            message.rerun_script.query_string = self._query
            message.rerun_script.fragment_id = self._beat[1]
            message.rerun_script.is_auto_rerun = True
            try:
                self._socket.send(message.SerializeToString())
            except ConnectionClosed:
                return
