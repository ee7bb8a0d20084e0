"""The documentation: links lead somewhere, examples are those that run, the README is short."""

import re
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from rpr.run.schema import check_schema

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "results/README.md")),
    ROOT / "benchmarks/README.md",
    *(ROOT / f"resources/{name}/README.md" for name in ("deposit", "one_hand", "paper")),
    *sorted((ROOT / "docs").glob("*.md")),
]


def anchors(page: Path) -> set[str]:
    """Names of the headings of a page, as links use them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_index():
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in index, page.name


def test_the_readme_is_short_and_shows_the_example_that_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.split()) <= 900
    assert (ROOT / "examples/library.py").read_text().split('"""')[2].strip() in readme


def test_configurations_in_the_documentation_have_valid_keys():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    overlays = [
        yaml.safe_load(block)
        for page in PAGES
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert overlays
    for overlay in overlays:
        config = yaml.safe_load((ROOT / "config.yaml").read_text())
        update_config(config, overlay)
        check_schema(config, schema)
