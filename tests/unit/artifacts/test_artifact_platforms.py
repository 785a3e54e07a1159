"""Platforms, by whatever name somebody knows them."""

import pytest

from fairlead.artifacts.images import plain


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/AMD64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm/v7", "linux/arm"),
        ("linux", ""),
    ],
)
def test_the_name_that_images_have(said, means):
    assert plain(said) == means
