"""The archive of media files: a folder, or a bucket of S3 or of a server that speaks it."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from services.errors import ServiceError

logger = logging.getLogger(__name__)

_CONNECT_S = 5
_READ_S = 20


class ArchiveUnreachableError(ServiceError):
    """The bucket's server does not answer now; the address may well be right."""


def open_archive(address: str) -> Folder | Bucket:
    """The archive at ``ARCHIVE_URL``; nothing is asked of it yet."""
    if not address.startswith("s3://"):
        return Folder(Path(address))
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return Bucket(bucket, prefix)


def below(address: str, name: str) -> str:
    """The address of an archive of its own within another."""
    return f"{address}{name}/" if address.startswith("s3://") else f"{address}/{name}"


def check_archive(address: str | None) -> None:
    """Refuse an archive that cannot be right; one that only does not answer now is warned of.

    Raises:
        ServiceError: it can never work like this; the text says what to do.
    """
    try:
        if address is not None:
            open_archive(address).check()
    except ArchiveUnreachableError as error:
        logger.warning("%s", error)


class Folder:
    """Files below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def check(self) -> str:
        """Say what it is.

        Raises:
            ServiceError: nothing can be written there.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise ServiceError(f"ARCHIVE_URL: {error}: name a folder that may be written") from None
        return f"{self.root} is writable"

    def remove(self, folder: str) -> int:
        """Delete a folder with its files, and answer how many they were.

        Raises:
            ServiceError: they may not be deleted.
        """
        place = (self.root / folder).resolve()
        if not folder or not place.is_dir() or place.parent != self.root.resolve():
            return 0
        files = [path for path in place.rglob("*") if path.is_file()]
        try:
            shutil.rmtree(place)
        except OSError as error:
            raise ServiceError(f"ARCHIVE_URL: {error}: allow it to be deleted") from None
        return len(files)

    def find(self, path: str) -> Path | None:
        """Where a file is; None when it is missing, or would be outside of the folder."""
        found = (self.root / path).resolve()
        is_there = found.is_relative_to(self.root.resolve()) and found.is_file()
        return found if is_there and os.access(found, os.R_OK) else None


class Bucket:
    """Objects of a bucket whose names begin with a prefix.

    Credentials, region and the address of another server than Amazon's are botocore's own affair:
    ``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL_S3``, profiles, roles.
    """

    def __init__(self, name: str, prefix: str) -> None:
        self.name = name
        self.prefix = prefix

    def check(self) -> str:
        """Say what it is.

        Raises:
            ArchiveUnreachableError: its server does not answer.
            ServiceError: it is not there, or may not be used.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.head_bucket(Bucket=self.name)
        except ClientError as error:
            raise _refused(self.name, error.response) from None
        except BotoCoreError as error:
            raise _failed(error) from None
        return f"bucket {self.name} is there"

    def remove(self, folder: str) -> int:
        """Delete all objects below a folder, and answer how many they were.

        Raises:
            ArchiveUnreachableError: the bucket's server does not answer.
            ServiceError: they may not be listed or deleted.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        count, start = 0, f"{self.prefix}{folder}/"
        try:
            while found := self._listed(start):
                gone = self._client.delete_objects(
                    Bucket=self.name, Delete={"Objects": found, "Quiet": True}
                )
                if gone.get("Errors"):
                    raise ServiceError(
                        f"ARCHIVE_URL: bucket {self.name} does not delete"
                        f" ({gone['Errors'][0].get('Code')}): allow s3:DeleteObject"
                    )
                count += len(found)
        except ClientError as error:
            raise _refused(self.name, error.response) from None
        except BotoCoreError as error:
            raise _failed(error) from None
        return count

    def _listed(self, start: str) -> list[dict[str, str]]:
        """Up to a thousand objects whose names begin like this."""
        found = self._client.list_objects_v2(Bucket=self.name, Prefix=start)
        return [{"Key": one["Key"]} for one in found.get("Contents", ())]

    def sign(self, path: str, *, method: str) -> str:
        """An address that gives one object for a minute; it is signed without a network.

        Raises:
            ArchiveUnreachableError: there are no credentials now.
        """
        from botocore.exceptions import BotoCoreError

        call = "head_object" if method == "HEAD" else "get_object"
        named = {"Bucket": self.name, "Key": self.prefix + path}
        try:
            address: str = self._client.generate_presigned_url(call, Params=named, ExpiresIn=60)
        except BotoCoreError as error:
            raise ArchiveUnreachableError(str(error)) from None
        return address

    @cached_property
    def _client(self) -> Any:
        from botocore.config import Config
        from botocore.session import get_session

        config = Config(
            signature_version="s3v4",
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"total_max_attempts": 2},
        )
        return get_session().create_client("s3", config=config)


def _refused(bucket: str, response: Any) -> ServiceError:
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    if status == 404:
        return ServiceError(f"ARCHIVE_URL: there is no bucket {bucket}: make it, or name another")
    if status == 403:
        return ServiceError(
            f"ARCHIVE_URL: bucket {bucket} refuses these credentials: allow them s3:ListBucket,"
            " s3:GetObject, s3:PutObject and, to erase users, s3:DeleteObject"
        )
    kind = ArchiveUnreachableError if status >= 500 else ServiceError
    return kind(f"ARCHIVE_URL: bucket {bucket} is answered {status}: {response.get('Error')}")


def _failed(error: Exception) -> ServiceError:
    from botocore import exceptions as known

    if isinstance(error, known.ConnectionError | known.HTTPClientError):
        return ArchiveUnreachableError(
            f"ARCHIVE_URL: {error}: check AWS_ENDPOINT_URL_S3 and the network"
        )
    if isinstance(error, known.ParamValidationError):
        return ServiceError(f"ARCHIVE_URL: {' '.join(str(error).split())}")
    return ServiceError(
        f"ARCHIVE_URL: {error}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    )
