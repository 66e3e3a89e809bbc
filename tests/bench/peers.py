"""The alternatives to the kit for downloading previews, each in a few lines, and the kit itself.

``python -m tests.bench.peers SUBJECT JOB`` runs one of them in this process and prints its seconds as
JSON. Every subject fetches the frames of the job's moments (the kit finds its own), checks each picture
in the same way, and writes it to the job's folder.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from camkit.support.jpeg import check_jpeg
from tests.bench.measure import own_peak_mib


@dataclass(frozen=True)
class Spent:
    "What a subject took, without what it imported before: seconds, and those of the processor, its children's included"

    seconds: float
    processor_s: float


class Watch:
    "Runs from when it is made"

    def __init__(self) -> None:
        self._started, self._used_s = time.perf_counter(), self._now_s()

    def spent(self) -> Spent:
        "What has been used until now"
        return Spent(time.perf_counter() - self._started, self._now_s() - self._used_s)

    def _now_s(self) -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in used)


def url(job: dict[str, Any], moment: str, verb: str = "asset") -> str:
    "The address of a frame"
    return f"{job['een']}/asset/{verb}/image.jpeg?id={job['camera']}&timestamp={moment}&asset_class=pre"


def keep(job: dict[str, Any], name: str, content: bytes, kind: str) -> None:
    "Check a picture and write it"
    check_jpeg(content, kind)
    (Path(job["out"]) / f"{name}.jpeg").write_bytes(content)


def camkit(job: dict[str, Any], een_api: str = "v1") -> Spent:
    "The kit"
    from camkit import download_previews
    from camkit.site import demo_site

    een = demo_site(job["info"], een_api=een_api).een
    een.login()
    count = job["count"]
    watch = Watch()
    run = download_previews(
        een,
        job["camera"],
        count=count,
        workers=job["workers"],
        attempts=2 * count,
        out=job["out"],
    )
    took = watch.spent()
    assert run.complete, run
    return took


def requests_loop(job: dict[str, Any]) -> Spent:
    "requests, one after the other"
    import requests

    session = requests.Session()
    session.cookies.set("auth_key", job["cookie"])
    watch = Watch()
    for moment in job["moments"]:
        answer = session.get(url(job, moment))
        keep(job, moment, answer.content, answer.headers["Content-Type"])
    return watch.spent()


def requests_threads(job: dict[str, Any]) -> Spent:
    "requests in a pool of threads, a session each"
    import threading

    import requests

    local = threading.local()

    def fetch(moment: str) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.cookies.set("auth_key", job["cookie"])
        answer = local.session.get(url(job, moment))
        keep(job, moment, answer.content, answer.headers["Content-Type"])

    watch = Watch()
    with ThreadPoolExecutor(job["workers"]) as pool:
        list(pool.map(fetch, job["moments"]))
    return watch.spent()


def published(job: dict[str, Any]) -> Spent:
    "The published way: everything patched, requests in a gevent pool, asking for `now` repeatedly"
    from gevent import monkey

    monkey.patch_all()
    import requests
    from gevent.pool import Pool

    session = requests.Session()
    session.cookies.set("auth_key", job["cookie"])

    def fetch(number: int) -> None:
        answer = session.get(url(job, "now"))
        stamp = answer.headers["x-ee-timestamp"]
        keep(job, f"{number:02d}-{stamp}", answer.content, answer.headers["Content-Type"])

    watch = Watch()
    pool = Pool(job["workers"])
    pool.map(fetch, range(job["count"]))
    return watch.spent()


def aiohttp(job: dict[str, Any]) -> Spent:
    "aiohttp, as many tasks as workers"
    import aiohttp

    async def work(session: aiohttp.ClientSession, moments: list[str]) -> None:
        while moments:
            moment = moments.pop(0)
            async with session.get(url(job, moment)) as answer:
                keep(job, moment, await answer.read(), answer.headers["Content-Type"])

    async def everything() -> None:
        moments = list(job["moments"])
        async with aiohttp.ClientSession(headers={"Cookie": f"auth_key={job['cookie']}"}) as session:
            await asyncio.gather(*(work(session, moments) for _ in range(job["workers"])))

    watch = Watch()
    asyncio.run(everything())
    return watch.spent()


def curl(job: dict[str, Any]) -> Spent:
    "curl --parallel, the pictures checked afterwards"
    out = Path(job["out"])
    lines = (f'url = "{url(job, m)}"\noutput = "{out / m}.jpeg"\n' for m in job["moments"])
    config = out / "curl.txt"
    config.write_text(f'header = "Cookie: auth_key={job["cookie"]}"\n' + "".join(lines))
    command = [
        "curl",
        "-sS",
        "--fail",
        "--parallel",
        "--parallel-max",
        str(job["workers"]),
        "--config",
        str(config),
    ]
    watch = Watch()
    subprocess.run(command, check=True)
    for moment in job["moments"]:
        check_jpeg((out / f"{moment}.jpeg").read_bytes())
    return watch.spent()


SUBJECTS: dict[str, Callable[[dict[str, Any]], Spent]] = {
    "camkit": camkit,
    "camkit, API v3": partial(camkit, een_api="v3"),
    "requests in a loop": requests_loop,
    "requests in threads": requests_threads,
    "published way": published,
    "aiohttp": aiohttp,
    "curl --parallel": curl,
}


def main() -> None:
    "Run one subject and print its measurements"
    subject, job = sys.argv[1], json.loads(sys.argv[2])
    job["moments"] = Path(job["moments"]).read_text().split()[: job["count"]]
    if job["core"] is not None:
        os.sched_setaffinity(0, {job["core"]})
    before = own_peak_mib()
    spent = SUBJECTS[subject](job)
    grown = own_peak_mib() - before
    different = len({path.read_bytes() for path in itertools.islice(Path(job["out"]).glob("*.jpeg"), 100)})
    print(json.dumps({**asdict(spent), "grown_mib": grown, "different": different}))


if __name__ == "__main__":
    main()
