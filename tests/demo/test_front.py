"""The demo site behind a real TLS front: every address in its answers is the front's, so all clients work there."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import trustme

from camkit.demo.launch import DemoProcess
from camkit.site import demo_site

AT = datetime(2019, 4, 12, 17, 33, 36, tzinfo=UTC)


class Front:
    """Takes TLS connections and passes their bytes on to a plain port."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}"
        self.target = 0
        self._context, self._loop = context, asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Front:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connected, sock=self.socket, ssl=self._context)
        )
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        await asyncio.gather(self._copy(reader, back), self._copy(there, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while content := await reader.read(65536):
                writer.write(content)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


@pytest.fixture
def front(tmp_path, monkeypatch) -> Iterator[Front]:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with Front(context) as front:
        yield front


@pytest.mark.not_quick
@pytest.mark.parametrize("een_api", ["v1", "v3"])
def test_all_clients_work_through_a_tls_front(front, monkeypatch, een_api):
    "Lists over several pages, an ordered picture, a login and an image of either API version"
    with DemoProcess("--one-port", "--ready-delay-ms", "0", "--public-url", front.url) as demo:
        front.target = int(demo.info["control"].split(":")[2].partition("/")[0])
        assert {demo.info[name] for name in ("een", "een_auth", "een_api", "media")} == {front.url}
        with demo_site(demo.info, een_api=een_api) as site:
            cameras = site.meraki.devices()
            serial = cameras["serial"][cameras["serial"].str.startswith("Q2GV")].iloc[0]
            picture = site.meraki.snapshot(serial, AT)
            assert all(reply.url.startswith(front.url) for reply in picture.replies)
            assert site.een.snapshot("1007b3c4", AT).replies[0].url.startswith(front.url)
            assert len(site.een.devices()) in (90, 94)
