from .contract import ClientTest
from .images import Layout
from .registry import PASSWORD, USER


class Umoci(ClientTest):
    """umoci edits OCI layouts; skopeo carries them to the registry and back."""

    needs = ("umoci", "skopeo")

    def setUp(self):
        super().setUp()
        self.layout = self.home / "layout"
        self.succeed("umoci", "init", "--layout", self.layout)
        self.succeed("umoci", "new", "--image", f"{self.layout}:v1")

    def test_an_image_of_three_layers_comes_back_as_the_same_files(self):
        for number in range(3):
            self._add_layer(self.layout, "v1", f"file-{number}", f"this is file {number}")
        self._copy(f"oci:{self.layout}:v1", self._docker("v1"))
        pulled = self.home / "pulled"
        self._copy(self._docker("v1"), f"oci:{pulled}:v1")
        (image,) = Layout(self.layout).images()
        self.assertEqual(image.content, Layout(pulled).only())
        bundle = self._unpack(pulled, "v1")
        found = {path.name: path.read_text() for path in (bundle / "rootfs").iterdir()}
        self.assertEqual({f"file-{number}": f"this is file {number}" for number in range(3)}, found)

    def test_an_image_that_was_pulled_is_changed_and_pushed_under_another_tag(self):
        self._add_layer(self.layout, "v1", "first", "one")
        self._copy(f"oci:{self.layout}:v1", self._docker("v1"))
        changed = self.home / "changed"
        self._copy(self._docker("v1"), f"oci:{changed}:v2")
        self._add_layer(changed, "v2", "second", "two")
        before = len(self.registry.exchanges())
        self._copy(f"oci:{changed}:v2", self._docker("v2"))
        if self.registry.wire:
            uploads = [e for e in self.registry.exchanges(before) if e.method == "POST"]
            self.assertEqual(2, len(uploads), "only the new layer and the config are uploaded")
        again = self.home / "again"
        self._copy(self._docker("v2"), f"oci:{again}:v2")
        bundle = self._unpack(again, "v2")
        self.assertEqual({"first", "second"}, {path.name for path in (bundle / "rootfs").iterdir()})

    def _unpack(self, layout, tag: str):
        bundle = self.fresh("bundle")
        self.succeed("umoci", "unpack", "--rootless", "--image", f"{layout}:{tag}", bundle)
        return bundle

    def _add_layer(self, layout, tag: str, name: str, text: str) -> None:
        bundle = self._unpack(layout, tag)
        (bundle / "rootfs" / name).write_text(text)
        self.succeed("umoci", "repack", "--image", f"{layout}:{tag}", bundle)

    def _copy(self, source: str, target: str) -> None:
        end = "src" if source.startswith("docker:") else "dest"
        trust = f"--{end}-cert-dir={self.home / 'certs.d'}" if self.registry.tls else f"--{end}-tls-verify=false"
        self.succeed("skopeo", "copy", "--quiet", trust, f"--{end}-creds={USER}:{PASSWORD}", source, target)

    def _docker(self, tag: str) -> str:
        return "docker://" + self.reference(f"{self.repository}:{tag}")
