"""How Sphinx makes the site of this folder; `npm run docs` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site"))

import jupyterlab_saturn
from jupyterlab_saturn.generated import wire_types

project = "jupyterlab-saturn"
author = "the jupyterlab-saturn developers"
copyright = f"2026, {author}"
release = version = jupyterlab_saturn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    # in site/
    "pages",
    "magics",
    "docstrings",
]
exclude_patterns = ["site"]

# Where the repository's own pages stand in the site. Links among pages work there as they do in
# the repository: see site/pages.py.
saturn_pages = {
    "README.md": "start",
    "ARCHITECTURE.md": "project/architecture",
    "CONTRIBUTING.md": "project/contributing",
    "CHANGELOG.md": "project/changelog",
    "SECURITY.md": "project/security",
    "examples/README.md": "examples",
}

# A reference that leads nowhere is an error, but for those that lead out of the package.
nitpicky = True
nitpick_ignore_regex = [
    (
        "py:class",
        r"(torch|collections|contextlib|pathlib|typing)\..*|DeviceMesh|Module|Dataset|Path",
    ),
    # names of types, which say what they are where they are written
    (
        "py:class",
        r"tuple\[str|Loss|Forward|Optimizer|ParameterGroups|StopEarly|Export|Schedule|Metrics?"
        r"|Change|ReportJson",
    ),
    ("py:class", r"jupyterlab_saturn\..*\.(T|Launcher|Loss)"),
    # imported for type checkers alone, so that Sphinx does not know from where; see state.rst
    ("py:class", "|".join(name for name in vars(wire_types) if name[0].isupper())),
]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
maximum_signature_line_length = 120
add_module_names = False
default_role = "py:obj"

linkcheck_anchors = True

smartquotes = False
highlight_language = "none"

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": project},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"start": [], "index": []}
copybutton_prompt_text = r">>> |\$ "
copybutton_prompt_is_regexp = True
