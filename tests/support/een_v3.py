"""A client of the demo site's API v3 whose tokens are kept, and a process that renews them again and again."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keyring
import requests
from keyring.backends.fail import Keyring as NoKeyring
from pydantic import SecretStr

from camkit.cameras.een import EagleEyeV3
from camkit.cameras.een.v3.tokens import TokensKept, TokenStore


def press(address: str, decision: str = "allow") -> str:
    """Press a button of the demo site's consent page: the address to which it sends the browser."""
    with requests.Session() as browser:
        browser.trust_env = False
        answer = browser.post(address, data={"decision": decision}, allow_redirects=False, timeout=30)
    return answer.headers["Location"]


def client(info: Mapping[str, Any], store: TokenStore, **options: Any) -> EagleEyeV3:
    """A client of the demo site with these tokens."""
    return EagleEyeV3(
        info["een_client_id"],
        SecretStr(options.pop("secret", info["een_client_secret"])),
        info["een_redirect_uri"],
        auth_url=info["een_auth"],
        store=store,
        demo_origin=info["media"],
        **{"consent": press, **options},
    )


def renew(een: EagleEyeV3, store: TokenStore, times: int) -> None:
    """Renew the login so often, as if the vendor had ended the newest access token each time."""
    done = 0
    while done < times:
        newest = store.load()
        before = een._tokens
        een._renewed(before if before is not None and newest == before else newest)
        done += een._tokens is not None and newest is not None and een._tokens.access != newest.access
        print(done, flush=True)


def main(info: str, folder: str, times: str) -> None:
    """Renew the login that is kept in a folder; whoever asks for a consent is refused."""
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]  # keyring has no types for it
    store = TokensKept("demo", Path(folder))
    een = client(json.loads(info), store, consent=lambda _: sys.exit("a consent was asked for"))
    een.ensure_login()
    renew(een, store, int(times))
    een.ensure_login()
    een.devices()
    een.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
