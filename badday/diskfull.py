"""The disk fills in the middle of pushes."""

import random

from badday.disk import LoopDisk
from badday.server import Berth, Folder, Image, Refused, digest


def run(long: bool) -> str:
    refused = 0
    with Folder() as folder, LoopDisk(folder / "disk.img", folder / "disk", 120) as disk:
        data = disk / "data"
        with Berth(data, BERTH_HEAP="256m") as berth:
            client = berth.client()
            images = []
            for seed in range(100):
                image = Image(seed, 6 << 20)
                try:
                    for content in (image.config, *image.layers):
                        client.push_blob(f"full/r{seed}", content, random.choice(("whole", "chunked")))
                    images.append((seed, client.push_manifest(f"full/r{seed}", "v1", image.layers, image.config)))
                except Refused as refusal:
                    assert refusal.status == 507 and b'"errors"' in refusal.body, refusal
                    refused += 1
                    client = berth.client()
                    if refused == 5:
                        break
                except OSError:
                    client = berth.client()  # refused while it was sending
            assert refused == 5, "the disk did not fill"
            # what was acknowledged is there, and the server lives
            for seed, manifest in images:
                client.verify_image(f"full/r{seed}", "v1", manifest)
            # what a failed push left can be given back, and then there is room again
            filler = Image(1000, 100_000).layers[1]
            (disk / "ballast").unlink(missing_ok=True)
            for upload in (data / "blobs/uploads").iterdir():
                name = upload.name.split(".")[0]
                for repository in (f"full/r{seed}" for seed in range(100)):
                    if client.send("DELETE", f"/v2/{repository}/blobs/uploads/{name}")[0].status == 204:
                        break
            assert client.push_blob("full/after", filler) == digest(filler)
            client.get(f"/v2/full/after/blobs/{digest(filler)}")
            assert berth.stop() == 0
        with Berth(data, BERTH_STORAGE_MIN_FREE="100MiB", BERTH_HEAP="256m") as berth:
            client = berth.client()
            answer, body = client.send("POST", "/v2/full/r0/blobs/uploads/")
            assert answer.status == 507 and b"storage.min-free" in body, body
            seed, manifest = images[0]
            client.send("DELETE", f"/v2/full/r{seed}/manifests/v1", expect=(202,))
            for seed, manifest in images[1:]:
                client.verify_image(f"full/r{seed}", "v1", manifest)
    return f"{len(images)} images acknowledged before the disk was full, {refused} pushes refused with 507, none lost"
