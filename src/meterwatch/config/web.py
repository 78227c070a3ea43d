"""The section about the console, and the rule that keeps personal data off open networks."""

import ipaddress
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from meterwatch.config.said import Said, wrong
from meterwatch.config.sections import Port, Section


class Web(Section):
    """网页 / The console."""

    host: Annotated[
        str,
        Field(min_length=1),
        Said(
            "监听地址;不是本机地址时要有证书,或 behind_proxy",
            "address to listen on; one that others can reach needs certificates, or behind_proxy",
        ),
    ] = "127.0.0.1"
    port: Annotated[Port, Said("端口", "its port")] = 8000
    public_url: Annotated[
        str,
        Said(
            "别人打开网页用的地址,短信回执也送到这里,例如 https://watch.example.org",
            "the address people open, where receipts come too: https://watch.example.org",
        ),
    ] = ""
    behind_proxy: Annotated[
        bool,
        Said(
            "前面有做 HTTPS 的反向代理", "a reverse proxy that speaks HTTPS stands in front of it"
        ),
    ] = False
    certfile: Annotated[str, Said("证书文件 (PEM)", "file with the certificate (PEM)")] = ""
    keyfile: Annotated[str, Said("私钥文件 (PEM)", "file with its private key (PEM)")] = ""

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query
        except ValueError:
            fine = False
        if url and not fine:
            raise wrong(
                "写成 https://watch.example.org 的样子", "write it like https://watch.example.org"
            )
        return url.rstrip("/")

    @field_validator("certfile", "keyfile")
    @classmethod
    def _is_there(cls, file: str) -> str:
        try:
            there = not file or Path(file).is_file()
        except (OSError, ValueError):
            there = False
        if not there:
            raise wrong(f"没有 {file} 这个文件,或读不了", f"there is no file {file} to read")
        return file

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if bool(self.certfile) != bool(self.keyfile):
            raise wrong("certfile 和 keyfile 要一起写", "certfile and keyfile go together")
        proxied = self.behind_proxy and self._named_by_https
        if not (is_loopback(self.host) or self.certfile or proxied):
            raise wrong(
                f"监听 {self.host} 会把个人信息明文放到网上:写 certfile 和 keyfile,"
                "或 behind_proxy = true 和 https:// 开头的 public_url,或把 host 改回 127.0.0.1",
                f"listening on {self.host} would put personal data on the network in the clear: "
                "give certfile and keyfile, or behind_proxy = true with a public_url that begins "
                "with https://, or listen on 127.0.0.1",
            )
        return self

    @property
    def by_https(self) -> bool:
        """Whether people come by HTTPS: logins are then bound to it."""
        return bool(self.certfile) or self._named_by_https or self.behind_proxy

    @property
    def _named_by_https(self) -> bool:
        return urlsplit(self.public_url).scheme == "https"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
