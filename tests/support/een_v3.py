"""A client of the demo site's API v3 whose tokens are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from pydantic import SecretStr

from camkit.cameras.een import EagleEyeV3
from camkit.cameras.een.v3.tokens import TokenStore


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
