from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession
from yarl import URL

from cli.ports import free_port
from services.archive import (
    ArchiveUnreachableError,
    Bucket,
    Folder,
    below,
    check_archive,
    open_archive,
)
from services.errors import ServiceError
from settings.env import Environment, SettingsError, read_environment

if TYPE_CHECKING:
    from tests.s3 import S3


@pytest.fixture
def credentials(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("kept", str(Path.cwd() / "kept")),
        ("/data/kept/", "/data/kept"),
        ("file:///data/kept%20files", "/data/kept files"),
        ("s3://bucket", "s3://bucket/"),
        ("s3://bucket/media/", "s3://bucket/media/"),
        ("s3://bucket/a/b", "s3://bucket/a/b/"),
    ],
)
def test_addresses_are_read(given: str, read: str) -> None:
    assert Environment(archive_url=given).archive_url == read


@pytest.mark.parametrize("given", ["ftp://host/kept", "s3://", "s3:/bucket", "file://host/kept"])
def test_another_address_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIVE_URL", given)
    with pytest.raises(SettingsError, match=r"^ARCHIVE_URL: .*must be a folder, file:///folder"):
        read_environment()


@pytest.mark.parametrize("address", ["/kept", "s3://bucket/", "s3://bucket/media/"])
def test_a_site_has_an_archive_of_its_own(address: str) -> None:
    own = below(address, "site-sample")
    assert Environment(archive_url=own).archive_url == own
    assert own.startswith(f"{address.rstrip('/')}/site-sample")


def test_a_folder_is_made(tmp_path: Path) -> None:
    assert open_archive(str(tmp_path / "a" / "b")).check() == f"{tmp_path / 'a' / 'b'} is writable"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServiceError, match=r"^ARCHIVE_URL: .* name a folder"):
        check_archive(str(tmp_path / "file" / "kept"))


def test_no_path_leaves_the_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "kept")
    folder.check()
    (tmp_path / "secret").write_text("secret")
    (folder.root / "file").touch()
    (folder.root / "link").symlink_to(tmp_path / "secret")

    assert folder.find("file") == folder.root / "file"
    for path in ("../secret", str(tmp_path / "secret"), "link", "a/../../secret", "", "missing"):
        assert folder.find(path) is None


@pytest.mark.usefixtures("credentials")
def test_a_bucket_is_found_or_refused(s3: S3) -> None:
    bucket = s3.make_bucket("checked")
    assert open_archive(f"s3://{bucket}/").check() == "bucket checked is there"
    with pytest.raises(ServiceError, match="there is no bucket nowhere: make it"):
        check_archive("s3://nowhere/")
    with pytest.raises(ServiceError, match="Invalid bucket name"):
        check_archive("s3://no where/")


@pytest.mark.usefixtures("credentials")
def test_a_server_that_does_not_answer_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ArchiveUnreachableError, match="check AWS_ENDPOINT_URL_S3"):
        open_archive("s3://bucket/").check()
    check_archive("s3://bucket/")
    assert "check AWS_ENDPOINT_URL_S3" in caplog.text


def test_missing_credentials_are_said(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.variables["AWS_ENDPOINT_URL_S3"])
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ServiceError, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        check_archive("s3://bucket/")


@pytest.mark.usefixtures("credentials")
async def test_a_signed_address_gives_one_object(s3: S3) -> None:
    name = s3.make_bucket("signed")
    s3.client.put_object(Bucket=name, Key="media/1/video.mp4", Body=b"0123456789")
    bucket = Bucket(name, "media/")
    async with ClientSession() as session:
        for method, body in (("GET", b"0123456789"), ("HEAD", b"")):
            url = URL(bucket.sign("1/video.mp4", method=method), encoded=True)
            async with session.request(method, url) as answer:
                assert (answer.status, await answer.read()) == (200, body)


@pytest.mark.usefixtures("credentials")
def test_a_post_is_removed_from_a_bucket_and_its_neighbours_stay(s3: S3) -> None:
    name = s3.make_bucket("removed")
    keys = ["media/1/video.mp4", "media/1/music.mp3", "media/12/video.mp4"]
    for key in keys:
        s3.client.put_object(Bucket=name, Key=key, Body=b"film")
    bucket = Bucket(name, "media/")

    assert [bucket.remove("1"), bucket.remove("1")] == [2, 0]
    left = s3.client.list_objects_v2(Bucket=name)["Contents"]
    assert [one["Key"] for one in left] == ["media/12/video.mp4"]
    with pytest.raises(ServiceError, match="there is no bucket"):
        Bucket("nowhere-at-all", "").remove("1")


def test_a_post_is_removed_from_a_folder_and_nothing_outside_of_it(tmp_path: Path) -> None:
    for path in ("media/1", "media/12", "other"):
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "video.mp4").write_bytes(b"film")
    folder = Folder(tmp_path / "media")
    assert [folder.remove(one) for one in ("1", "1", "", "../other", "/")] == [1, 0, 0, 0, 0]
    assert sorted(path.parent.name for path in tmp_path.rglob("*.mp4")) == ["12", "other"]
