"""Datasets for the panel to show, put into a real catalog over REST."""

from __future__ import annotations

import base64
import io
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

from PIL import Image

from jupyter_shinecat.testing.catalog import CatalogProcess

ODD_PID = "20.500.1/ä b%2F+#?\"'\\"
ODD_NAME = "<img src=x onerror=alert(1)>"


class Writer:
    """Creates datasets as one person.

    Parameters
    ----------
    catalog
        A running catalog.
    user
        One of its accounts.
    """

    def __init__(self, catalog: CatalogProcess, user: str) -> None:
        self.catalog = catalog
        self._token = catalog.token(user)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST to the catalog; the stored document."""
        request = urllib.request.Request(
            f"{self.catalog.url}/api/v3/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                stored: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as refused:
            raise RuntimeError(f"the catalog refused {path}: {refused.code} {refused.read().decode()}") from None
        return stored

    def dataset(self, name: str, *, minute: int, group: str = "GET", **more: Any) -> str:
        """Create a dataset that was measured ``minute`` minutes into the shift; its PID."""
        body = {
            "datasetName": name,
            "type": "raw",
            "ownerGroup": group,
            "accessGroups": ["SHINE"],
            "owner": "张晓峰",
            "contactEmail": "zhangxf@example.org",
            "creationTime": f"2026-10-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00.000Z",
            "sourceFolder": "/data/AMO/run 0012 (冷)",
            **more,
        }
        if body["type"] == "raw":
            body |= {"principalInvestigator": "张晓峰", "creationLocation": "SHINE AMO"}
        return str(self.post("datasets", body)["pid"])

    def derived(self, name: str, *, minute: int, inputs: list[str], **more: Any) -> str:
        """Create a Derived dataset of ``inputs``."""
        return self.dataset(
            name,
            minute=minute,
            type="derived",
            investigator="zhangxf@example.org",
            inputDatasets=inputs,
            usedSoftware=["numpy 2.4.6"],
            **more,
        )

    def files(self, pid: str, sizes: dict[str, int]) -> None:
        """List files with their sizes."""
        entries = [
            {"path": path, "size": size, "time": "2026-10-01T00:00:00.000Z"} for path, size in sorted(sizes.items())
        ]
        body = {"size": sum(sizes.values()), "dataFileList": entries}
        self.post(f"datasets/{quote(pid, safe='')}/origdatablocks", body)

    def figure(self, pid: str, caption: str) -> None:
        """Attach a small picture."""
        buffer = io.BytesIO()
        Image.linear_gradient("L").resize((240, 90)).save(buffer, "PNG")
        thumbnail = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
        body = {"caption": caption, "thumbnail": thumbnail, "ownerGroup": "GET", "accessGroups": []}
        self.post(f"datasets/{quote(pid, safe='')}/attachments", body)


def beam_time(writer: Writer) -> dict[str, str]:
    """A small beam time, 130 raw datasets and one result; the PIDs of the named ones."""
    for number in range(127):
        group = "SHINE" if number % 4 == 0 else "GET"
        writer.dataset(f"lysozyme_r{number:04d}", minute=number, group=group, size=1_234_567 * (number + 1))
    crystals = writer.dataset(
        "溶菌酶 单晶 run 12 (cold)",
        minute=200,
        description="Jet at 20 µm. <b>Not bold.</b>",
        keywords=["晶体学", "SFX"],
        proposalId="2026-AMO-0042",
        sampleId="lysozyme-7",
        scientificMetadata={
            "photon energy (set)": {"value": 9.5, "unit": "keV"},
            "pulse-energy": {"v": 1.25, "u": "mJ"},
            "run": 12,
            "detector": {"name": "Jungfrau 4M", "distance": {"value": 120.5, "unit": "mm"}, "roi": [0, 2164, 0, 2068]},
            ODD_NAME: "<script>alert(2)</script>",
        },
    )
    writer.files(crystals, {"frames 00001 (冷).h5": 4_200_000, "frames 00002+dark.h5": 4_100_000})
    writer.figure(crystals, "First frames")
    tof = Writer(writer.catalog, "admin").dataset("AMO 飞行时间 N2 + Xe", minute=210, pid=ODD_PID)
    result = writer.derived("radial average", minute=220, inputs=[crystals], description="Mean of 500 frames")
    return {"crystals": crystals, "tof": tof, "result": result}
