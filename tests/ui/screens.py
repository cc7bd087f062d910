"""The screens without a browser: Streamlit's AppTest over a lab in a folder of the test's own."""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element

from lora_core import TrainingLab, TrainingParameters, Version
from ui import process

ROOT = Path(__file__).resolve().parent.parent.parent
STYLE = "1_flat_landscapes"
PARAMETERS: Mapping[str, Any] = TrainingParameters(class_tokens="style SBai_style_1").model_dump()
_NOTHING: Mapping[str, str] = MappingProxyType({})
_TEXTS = (
    "markdown",
    "caption",
    "info",
    "warning",
    "error",
    "code",
    "text",
    "badge",
    "subheader",
    "toast",
    "success",
)


def record(number: int, **changes: Any) -> dict[str, Any]:
    """A version as the old system wrote it, completed unless told otherwise."""
    request_id = f"1_17600000000{number:02}"
    raw = {
        "id": f"job-{number}-e1",
        "requestId": request_id,
        "name": f"V{number}",
        "timestamp": f"2025-10-{number:02}T08:00:00.000Z",
        "status": "completed",
        "parameters": dict(PARAMETERS),
        "selectionSetId": 1,
        "imageCount": 12,
    }
    return {name: value for name, value in {**raw, **changes}.items() if value is not None}


def until(holds: Callable[[], object], *, what: str) -> None:
    """Waits for what a worker thread of the lab is about to do."""
    pause = threading.Event()
    for _ in range(500):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError(f"It did not happen: {what}")


class Screens:
    """One lab in a folder; opens screens over it, each as a session of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.styles = folder / "styles"

    @property
    def lab(self) -> TrainingLab:
        """The lab that the screens use."""
        return process.lab()

    def history(self, *records: Mapping[str, Any], style: str = STYLE) -> None:
        """Writes a style's history, the newest record first."""
        path = self.styles / style / "training_versions.json"
        path.write_text(json.dumps({"versions": records}, indent=2))

    def records(self, style: str = STYLE) -> list[dict[str, Any]]:
        """What stands in the history."""
        path = self.styles / style / "training_versions.json"
        found: list[dict[str, Any]] = json.loads(path.read_bytes())["versions"] if path.exists() else []
        return found

    def version(self, name: str) -> Version:
        """A version of the sample style."""
        return self.lab.version(STYLE, name)

    def sent(self, name: str) -> Version:
        """The version, once its job is known."""
        until(lambda: self.version(name).job_id, what=f"{name} gets its job")
        return self.version(name)

    def open(self, version: str = "new", *, style: str = "1") -> "Screen":
        """Training, as its address with style and version opens it."""
        return self.address(style=style, version=version).run()

    def address(self, *, stored: Mapping[str, str] | None = _NOTHING, **query: str) -> "Screen":
        """The lab at an address in a browser that has stored this, not drawn yet; None: it has not told."""
        app = AppTest.from_file(ROOT / "ui" / "frame.py", default_timeout=30)
        if stored is not None:
            app.session_state["browser_storage:answer"] = dict(stored)
        for name, value in query.items():
            app.query_params[name] = value
        return Screen(app)

    def open_history(self, *, style: str = "1") -> "Screen":
        """History of a style."""
        return self.open(style=style).go_to("history")

    def open_datasets(self, *, style: str = "1") -> "Screen":
        """Datasets of a style."""
        return self.address(style=style).go_to("datasets")


class Screen:
    """What one session shows. No page ever shows an exception: each run is checked for it."""

    def __init__(self, app: AppTest) -> None:
        self.app = app

    def run(self) -> Self:
        self.app.run()
        assert not self.app.exception, [one.message for one in self.app.exception]
        return self

    def go_to(self, page: str) -> Self:
        """Another page by the navigation."""
        self.app.switch_page(f"../pages/{page}.py")
        return self.run()

    # -- what is there

    @property
    def title(self) -> str:
        """The page's heading."""
        return " ".join(one.value for one in self.app.header)

    @property
    def text(self) -> str:
        """All text of the page, escapes taken away."""
        said = "\n".join([*(value for kind in _TEXTS for value in self.values_of(kind)), *self.copyable])
        return said.replace("\\", "").replace("\u2060", "")

    @property
    def copyable(self) -> list[str]:
        """Texts with a button that copies them."""
        data = [json.loads(one.proto.json) for one in self.app.main.get("bidi_component") if one.proto.json]
        return [one["text"] for one in data if "text" in one]

    def values_of(self, kind: str) -> list[str]:
        """What all elements of a kind say, as it was handed to Streamlit."""
        return [str(one.value) for one in self.app.main.get(kind) if isinstance(one, Element)]

    @property
    def keys(self) -> list[str]:
        """Keys of everything that can be used."""
        return [key for one in (*self.app.main, *self.app.sidebar) if (key := getattr(one, "key", None))]

    @property
    def form_id(self) -> str:
        """Of the form that is shown."""
        (key,) = [key for key in self.keys if key.startswith("save:")]
        return key.removeprefix("save:")

    @property
    def selected(self) -> str | None:
        """Key of the version in the dropdown; None for a new one."""
        (key,) = [key for key in self.keys if key.startswith("version_box:")]
        chosen: str | None = self.app.selectbox(key=key).value
        return chosen

    @property
    def query(self) -> dict[str, str]:
        """The address."""
        return {name: "".join(value) for name, value in self.app.query_params.items()}

    @property
    def stores(self) -> dict[str, str]:
        """What the page asks the browser to store of its selection."""
        return {name: value for name, value in self._stored.items() if name != "training_ended"}

    @property
    def ended_memory(self) -> dict[str, Any]:
        """What the page asks the browser to store of what has ended."""
        memory: dict[str, Any] = json.loads(self._stored["training_ended"])
        return memory

    @property
    def _stored(self) -> dict[str, str]:
        (bridge,) = [one for one in self.app.main if getattr(one, "key", None) == "browser_storage"]
        items: dict[str, str] = json.loads(bridge.proto.json)["items"]
        return items

    def widget(self, key: str) -> Any:
        """By key, wherever it stands."""
        place = self.app.sidebar if key.startswith(("running:", "just_ended:")) else self.app.main
        return place.get_by_key(key)

    def field(self, name: str) -> Any:
        """A field of the form."""
        return self.widget(f"form:{self.form_id}:{name}")

    def values(self, *names: str) -> dict[str, Any]:
        """What fields of the form show."""
        return {name: self.field(name).value for name in names}

    @property
    def can_start(self) -> bool:
        return not self.widget(f"start:{self.form_id}").disabled

    @property
    def is_edited(self) -> bool:
        """Whether the form offers to discard its edits."""
        return f"discard:{self.form_id}" in self.keys

    # -- what a person does

    def fill(self, **fields: Any) -> Self:
        """Types into fields and leaves each."""
        for name, value in fields.items():
            self.field(name).set_value(value)
            self.run()
        return self

    def click(self, key: str) -> Self:
        self.widget(key).click()
        return self.run()

    def put(self, key: str, value: Any) -> Self:
        """Sets a widget that is no field of the form."""
        self.widget(key).set_value(value)
        return self.run()

    def start(self) -> Self:
        assert self.can_start, self.text
        return self.click(f"start:{self.form_id}")

    def save(self) -> Self:
        return self.click(f"save:{self.form_id}")

    def discard(self) -> Self:
        return self.click(f"discard:{self.form_id}")

    def new(self) -> Self:
        return self.click("new_version")

    def choose_version(self, version: Version) -> Self:
        (key,) = [key for key in self.keys if key.startswith("version_box:")]
        return self.put(key, version.key)

    def choose_style(self, folder: str) -> Self:
        return self.put(self.style_box, folder)

    @property
    def style_box(self) -> str:
        """The key of the style's dropdown."""
        (key,) = [key for key in self.keys if key.startswith("style_box:")]
        return key

    # -- Datasets

    @property
    def cards(self) -> dict[str, dict[str, Any]]:
        """What the grid of pictures is given of each picture on the page, by its name."""
        return {card["name"]: card for card in self.grid["cards"]}

    @property
    def grid(self) -> dict[str, Any]:
        """What the grid of pictures is given."""
        (found,) = [one for one in self.app.main if getattr(one, "key", None) == "picture_grid"]
        data: dict[str, Any] = json.loads(found.proto.json)
        return data

    # -- History's table

    @property
    def table(self) -> Any:
        """History's versions, as the table shows them."""
        (found,) = [one for one in self.app.dataframe if (one.key or "").startswith("history:table")]
        return found

    def column(self, name: str) -> list[Any]:
        """A column of History's table; an empty list where there is none."""
        tables = [one for one in self.app.dataframe if (one.key or "").startswith("history:table")]
        return list(tables[0].value[name]) if tables else []

    def select_rows(self, *names: str) -> Self:
        """Selects versions in History's table."""
        rows = [self.column("Version").index(name) for name in names]
        self.app.session_state[self.table.key] = {"selection": {"rows": rows, "columns": [], "cells": []}}
        return self.run()
