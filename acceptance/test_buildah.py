from .containers import ContainersTool


class Buildah(ContainersTool):
    tool = "buildah"
    needs = ("buildah",)

    def test_an_image_built_from_scratch_is_pushed_and_pulled(self):
        self.logged_in()
        store = self.fresh("store")
        for name in ("first", "second"):
            (self.home / name).write_text(f"this is {name}")
        container = self.do(store, "from", "scratch")
        self.do(store, "add", container, self.home / "first", "/first")
        self.do(store, "commit", "--quiet", "--rm", container, "localhost/base")
        container = self.do(store, "from", "localhost/base")
        self.do(store, "add", container, self.home / "second", "/second")
        number = self.do(store, "commit", "--quiet", "--rm", container)
        pushed = self.push_from(store, number, f"{self.repository}:v1")
        self.assertEqual(pushed, self.pull(f"{self.repository}:v1"))
