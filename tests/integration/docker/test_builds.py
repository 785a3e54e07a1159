"""Images that are built here: by BuildKit and by the classic builder of a real engine."""

import io
import tarfile

import pytest
from tests.registries import registry, unique

from fairlead.artifacts.commit import Commit
from fairlead.artifacts.context import read_context
from fairlead.artifacts.image_builder import ImageBuilder, Recipe
from fairlead.artifacts.images import ImageStore
from fairlead.engine import building
from fairlead.engine.building import BuildFailed
from fairlead.engine.buildkit import find_buildkit
from fairlead.engine.images import Images
from fairlead.errors import FairleadError, Refused
from fairlead.masking import MASK, Secret
from fairlead.project.image_name import ImageName
from fairlead.project.stack import Build

BASE = "fairlead-test/tiny"
VALUE = "a-value-of-a-secret-77"
COMMIT = Commit("a" * 40, "main", False, ("v1.2.3",), True, 1_700_000_000.0, "https://example.com/shop")
DOCKERFILE = """\
FROM {base} AS first
ARG GREETING=none
RUN echo said $GREETING
{more}
FROM first AS last
COPY . /src
EXPOSE 8000
"""


class Site:
    """A folder with a context, and a builder of a project nobody else has."""

    def __init__(self, engine, folder):
        self.root, self.told = folder, []
        self.repository = unique()
        self.name = f"127.0.0.1:1/{self.repository}"
        self.store = ImageStore(Images(engine), "home", self.repository)
        (folder / "api" / "empty").mkdir(parents=True)
        (folder / "api" / "left-out").mkdir()
        (folder / "api" / "left-out" / "big").write_text("x")
        (folder / "api" / ".git").mkdir()
        (folder / "api" / ".git" / "HEAD").write_text("x")
        (folder / "api" / "main.py").write_text("print(1)\n")
        (folder / "api" / ".dockerignore").write_text("# not these\nleft-out\n")
        self.write()

    def write(self, more="", base=BASE):
        (self.root / "api" / "Dockerfile").write_text(DOCKERFILE.format(more=more, base=base))

    def recipe(self, secrets=None, platform="", **more):
        # a greeting of its own: an engine keeps the steps of earlier runs too
        build = Build("api", args={"GREETING": f"hello-{self.repository}"}, secrets=tuple(secrets or ()), **more)
        name = ImageName.parse(self.name)
        machine = f"linux/{self.store.images.engine.facts().architecture}"
        context = read_context(self.root, build)
        return Recipe("api", context, build, dict(build.args), platform or machine, name, "shop-api", secrets or {})

    def ensure(self, fresh=False, commit=COMMIT, **more):
        builder = ImageBuilder(self.store, self.root / "locks", commit, "somebody")
        return builder.ensure(self.recipe(**more), self.told.append, fresh)

    def files(self, image):
        """{PATH: mode} of what is in the image."""
        engine = self.store.images.engine
        made = engine.api.create_container(image.id, command=["/bin/sh"])
        try:
            chunks, _ = engine.api.get_archive(made["Id"], "/src")
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
                return {one.name: one for one in archive}
        finally:
            engine.remove(made["Id"])


@pytest.fixture
def site(engine, docker_engine, tmp_path):
    one = Site(engine, tmp_path)
    yield one
    one.store.sweep(())
    assert one.store.images.tags(one.store.repository) == ()


@pytest.fixture(params=["classic", "buildkit"])
def builder(request, engine, monkeypatch):
    """One of the two."""
    if request.param == "classic":
        monkeypatch.setattr(building, "find_buildkit", lambda engine: None)
    elif find_buildkit(engine) is None:
        pytest.skip("no docker command here has BuildKit")
    return request.param


def test_each_content_is_built_once_and_says_what_it_is(site, builder):
    image, now = site.ensure()
    assert now and any("said hello" in line for line in site.told)
    labels = image.facts.labels
    assert labels["org.opencontainers.image.revision"] == "a" * 40
    assert labels["org.opencontainers.image.created"] == "2023-11-14T22:13:20+00:00"
    assert labels["org.opencontainers.image.version"] == "v1.2.3"
    assert labels["org.opencontainers.image.source"] == "https://example.com/shop"
    assert labels["org.opencontainers.image.title"] == "shop-api"
    files = site.files(image)
    assert sorted(files) == ["src", "src/.dockerignore", "src/Dockerfile", "src/empty", "src/main.py"]
    assert (files["src/main.py"].mtime, files["src/main.py"].mode & 0o777) == (1_700_000_000, 0o644)
    site.told.clear()
    again, now = site.ensure(commit=Commit("b" * 40))
    assert (again.id, now, site.told) == (image.id, False, [])  # another commit of the same files
    (site.root / "api" / "left-out" / "big").write_text("y")
    (site.root / "api" / ".git" / "HEAD").write_text("y")
    assert site.ensure()[0].id == image.id
    (site.root / "api" / "main.py").write_text("print(2)\n")
    assert site.ensure()[0].id != image.id


def test_what_a_ci_job_has_pushed_is_not_built_again(site, engine, tmp_path, need):
    need("docker-registry")
    with registry(tmp_path / "registry") as address:
        site.name = f"{address}/{site.repository}"
        image, _ = site.ensure()
        tag = ImageName.parse(f"{site.name}:sha-{COMMIT.id[:12]}")
        site.store.images.tag(image.id, tag)
        digest = site.store.images.push(tag, quiet)
        engine.api.remove_image(image.id, force=True)
        site.told.clear()
        brought, now = site.ensure()
        assert (brought.id, brought.pinned, now) == (image.id, tag.at(digest), False)
        assert any("which was built already" in line for line in site.told)
        site.told.clear()
        assert site.ensure()[0].id == image.id and site.told == []  # nobody is asked again
        (site.root / "api" / "main.py").write_text("print(3)\n")
        other, now = site.ensure()  # the tag is that of another content
        assert now and other.id != image.id and any("made of something else" in line for line in site.told)
        (site.root / "api" / "main.py").write_text("print(4)\n")
        assert site.ensure(commit=Commit("b" * 40))[1]  # there is no such tag
    (site.root / "api" / "main.py").write_text("print(5)\n")
    site.told.clear()
    assert site.ensure()[1] and any("connection refused; building api here" in line for line in site.told)


def quiet(text):
    """Nobody listens."""


def test_the_step_that_failed_and_its_last_lines(site, builder):
    site.write("RUN echo going on; echo password=hunter2222; exit 3")
    with pytest.raises(BuildFailed) as caught:
        site.ensure()
    message = caught.value.message
    assert message.startswith("building api failed at `") and "RUN echo going on" in message.splitlines()[0]
    assert "going on" in message.splitlines()[1:][0] and "hunter2222" not in "\n".join(message.splitlines()[1:])
    assert site.store.images.tags(site.store.repository) == ()  # nothing half-built has a name


def test_a_base_image_of_another_platform(site, monkeypatch):
    """The classic builder takes the one that is here without a word; BuildKit, and the classic one of a later engine,
    find none and ask the registry for it."""
    monkeypatch.setattr(building, "find_buildkit", lambda engine: None)
    (site.root / "api" / "Dockerfile").write_text(f"FROM {BASE}\nCOPY main.py /\n")
    found = r"api: image .* is for linux/\w+, and it is to run on linux/s390x"
    with pytest.raises(FairleadError, match=rf"{found}|building api failed at `1/\d+ FROM {BASE}`"):
        site.ensure(platform="linux/s390x")
    assert site.store.images.tags(site.store.repository) == ()


@pytest.mark.parametrize("own", ["linux/arm64", "$BUILDPLATFORM"])
def test_a_stage_of_another_platform(site, own):
    """BuildKit calls that what it was asked for."""
    (site.root / "api" / "Dockerfile").write_text(f"FROM --platform={own} {BASE}\nCOPY main.py /\n")
    with pytest.raises(Refused, match=r"api: Dockerfile:1 is of .*, and it is to run on linux/s390x"):
        site.ensure(platform="linux/s390x")


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "said"),
    [("FROMM x\n", "(?i)unknown instruction: FROMM"), ("FROM nobody.invalid/x:1\n", "nobody.invalid")],
)
def test_what_cannot_be_begun(text, said, site, builder):
    (site.root / "api" / "Dockerfile").write_text(text)
    with pytest.raises(FairleadError, match=said):
        site.ensure()


def test_a_secret_is_read_by_the_build_and_is_nowhere_in_the_image(site, engine, docker_engine):
    if find_buildkit(engine) is None:
        pytest.skip("no docker command here has BuildKit")
    count = "busybox wc -c /run/secrets/TOKEN"
    site.write(f"RUN --mount=type=secret,id=TOKEN,uid=65534 {count} && busybox cat /run/secrets/TOKEN # {unique()}")
    image, _ = site.ensure(secrets={"TOKEN": Secret(VALUE)})
    assert any(f"{len(VALUE)} /run/secrets/TOKEN" in line for line in site.told)
    assert any(MASK in line for line in site.told) and VALUE not in "\n".join(site.told)
    saved = b"".join(engine.api.get_image(image.id))
    assert VALUE.encode() not in saved and VALUE not in str(engine.api.history(image.id))


def test_a_secret_without_buildkit_is_refused(site, monkeypatch):
    monkeypatch.setattr(building, "find_buildkit", lambda engine: None)
    with pytest.raises(Refused, match=r"api: its build has secrets \(TOKEN\), which need BuildKit"):
        site.ensure(secrets={"TOKEN": Secret(VALUE)})


def test_what_was_built_is_known_by_its_names_and_goes_with_them(site):
    """A label alone is no build: anybody can give an image the label; what was built here has our name too."""
    image, _ = site.ensure()
    other = ImageStore(site.store.images, "home", f"{site.repository}-other")
    assert other.built(image.facts.labels["dev.fairlead.content"]) is None
    for tag in ("1", "2"):
        site.store.images.tag(image.id, ImageName.parse(f"{site.name}:{tag}"))
    assert site.store.sweep({image.id}) == ()
    assert site.store.sweep(()) == (image.id,)
    assert not site.store.exists(image.id)


@pytest.mark.long
def test_fresh_uses_nothing_of_before(site, builder, engine):
    """Base images are pulled then; this one is nowhere to be had, so that it was tried is what is seen."""
    site.ensure()
    with pytest.raises(FairleadError, match="fairlead-test/tiny"):
        site.ensure(fresh=True)
