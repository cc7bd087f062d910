"""The many addresses of one model file."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lora_core.model_urls import faster, model_location, same_model

KEY = "user/custom-styles-models/style_16_vV1.safetensors"
PLAIN = f"https://lab-files.s3.us-west-1.amazonaws.com/{KEY}"
FAST = f"https://lab-files.s3-accelerate.amazonaws.com/{KEY}"
FAST_PATH = f"https://s3-accelerate.amazonaws.com/lab-files/{KEY}"
RAW = f"s3://lab-files/{KEY}"
R2 = f"https://{'a1' * 16}.r2.cloudflarestorage.com"

SAME = [
    PLAIN,
    FAST,
    FAST_PATH,
    RAW,
    f"https://lab-files.s3.amazonaws.com/{KEY}",
    f"https://lab-files.s3-us-west-1.amazonaws.com/{KEY}",
    f"https://lab-files.s3.dualstack.us-west-1.amazonaws.com/{KEY}",
    f"https://s3.us-west-1.amazonaws.com/lab-files/{KEY}",
    f"{R2}/lab-files/{KEY}",
    f"https://lab-files.{R2[8:]}/{KEY}",
    f"http://127.0.0.1:9000/lab-files/{KEY}",
    f"{PLAIN}?X-Amz-Signature=abc",
    PLAIN.replace("_v", "%5Fv"),
    f" {PLAIN} ",
]


@pytest.mark.parametrize("url", SAME)
def test_every_form_names_the_same_file(url: str) -> None:
    assert model_location(url) == ("lab-files", KEY)
    assert same_model(url, PLAIN)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://my.dotted.bucket.s3.eu-west-1.amazonaws.com/a.bin", ("my.dotted.bucket", "a.bin")),
        ("https://b.s3.amazonaws.com/a%20b%20(3).bin", ("b", "a b (3).bin")),
        ("s3://b/a b%20(3).bin", ("b", "a b%20(3).bin")),
        ("https://b.s3.amazonaws.com/a+b.bin", ("b", "a+b.bin")),
        ("file:///srv/models/a%20b.bin", (None, "/srv/models/a b.bin")),
    ],
)
def test_keys_are_decoded_where_the_form_encodes_them(url: str, location: tuple[str | None, str]) -> None:
    assert model_location(url) == location


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "rubbish",
        "s3://",
        "s3://bucket",
        "https://",
        "https://host/only-bucket",
        "http://[::1",
        "ftp://a/b/c",
    ],
)
def test_what_is_no_address_of_a_file_has_no_location(url: str | None) -> None:
    assert model_location(url) is None
    assert not same_model(url, url)


OTHER = FAST.replace("vV1", "vV2")


@pytest.mark.parametrize(
    ("current", "offered", "kept"),
    [
        (PLAIN, FAST, FAST),
        (PLAIN, FAST_PATH, FAST_PATH),
        (FAST, PLAIN, FAST),
        (FAST, FAST_PATH, FAST),
        (FAST, RAW, FAST),
        (RAW, PLAIN, PLAIN),
        (PLAIN, f"{FAST}?X-Amz-Signature=abc", PLAIN),
        (PLAIN, OTHER, PLAIN),
        ("rubbish", PLAIN, "rubbish"),
        (None, PLAIN, PLAIN),
        ("", PLAIN, PLAIN),
        (PLAIN, None, PLAIN),
        (None, None, None),
        ("file:///a/m.safetensors", FAST, "file:///a/m.safetensors"),
    ],
)
def test_a_url_is_never_replaced_by_a_slower_or_another_one(
    current: str | None, offered: str | None, kept: str | None
) -> None:
    assert faster(current, offered) == kept


@given(st.text(min_size=1).filter(lambda key: not key.startswith("/") and key.isprintable()))
def test_percent_encoding_does_not_matter(key: str) -> None:
    assert model_location(f"https://b.s3.amazonaws.com/{quote(key)}") == ("b", key)


@given(st.text() | st.text().map("https://{}".format))
def test_any_text_is_survived(text: str) -> None:
    model_location(text)
    assert faster(text, PLAIN) in (text, PLAIN)
