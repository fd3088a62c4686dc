"""Structure of the code: packages, modules, imports between them, and their sizes.

    python benchmarks/structure.py
    python benchmarks/structure.py --checkout FOLDER

Reads the import graph with grimp; imports inside functions and for type checking count.  Prints one JSON line, and a
table of packages to stderr.  Definitions:

modules: files other than ``__init__.py``.  packages: folders that contain modules.  imports: pairs of modules, the
first of which imports the second.  package_imports: the same for packages.  upward_imports: imports that contradict the
layer contracts of the checkout's pyproject.toml, from a module to one in a higher layer or in an independent layer
beside it.  levels: length of the longest import chain, in which a cycle counts as one level.  cycles: groups of modules
or packages that import each other.  median_lines, largest_module: of physical lines.
"""

import argparse
import itertools
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import grimp
import networkx as nx

Edge = tuple[str, str]
"""(importer, imported)."""


def build(checkout: Path, roots: Iterable[str]) -> grimp.ImportGraph:
    """Return the import graph of a checkout's packages, which need not be installed."""
    sys.path.insert(0, str(checkout))
    return grimp.build_graph(*roots, cache_dir=None)


def source(checkout: Path, module: str) -> Path:
    """Return a module's file; of a package its ``__init__.py``."""
    path = checkout.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def package(module: str) -> str:
    """Return the package that contains a module."""
    return module.rpartition(".")[0]


def levels(edges: Iterable[Edge]) -> tuple[int, int]:
    """Return the length of the longest import chain and the number of cycles."""
    condensed = nx.condensation(nx.DiGraph(edges))
    groups = nx.get_node_attributes(condensed, "members").values()
    return nx.dag_longest_path_length(condensed) + 1, sum(len(group) > 1 for group in groups)


def layer_contracts(project: Mapping[str, Any]) -> Iterator[dict[str, tuple[int, bool]]]:
    """Yield (layer from the top, independent of its neighbours) per package, for each container of each contract."""
    for contract in project["tool"]["importlinter"]["contracts"]:
        if contract["type"] != "layers":
            continue
        for container in contract.get("containers", [""]):
            prefix = container and f"{container}."
            yield {
                prefix + name.strip(" ()"): (level, "|" in layer)
                for level, layer in enumerate(contract["layers"])
                for name in re.split(r"[|:]", layer)
            }


def contradicts(edge: Edge, contract: Mapping[str, tuple[int, bool]]) -> bool:
    """Return whether an import points to a higher layer, or to an independent layer beside its own."""
    importer, imported = (
        next((name for name in contract if f"{module}.".startswith(f"{name}.")), None) for module in edge
    )
    if importer is None or imported is None or importer == imported:
        return False
    (lower, independent), (upper, _) = contract[importer], contract[imported]
    return upper < lower or (upper == lower and independent)


def measure(checkout: Path) -> tuple[dict[str, Any], list[tuple[str, int, int, int]]]:
    """Return the figures of a checkout, and (package, modules, lines, imported packages) per package."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    graph = build(checkout, project["tool"]["importlinter"]["root_packages"])
    lines = {
        name: len(path.read_text(encoding="utf-8").splitlines())
        for name in sorted(graph.modules)
        if (path := source(checkout, name)).name != "__init__.py"
    }
    edges = {
        (name, other) for name in lines for other in graph.find_modules_directly_imported_by(name) if other in lines
    }
    between = {(package(name), package(other)) for name, other in edges if package(name) != package(other)}
    packages = sorted({package(name) for name in lines})
    contracts = list(layer_contracts(project))
    tuning = {(name, other) for name, other in edges if name.startswith("tuning.") and other.startswith("tuning.")}
    module_levels, module_cycles = levels(tuning)
    package_levels, package_cycles = levels(between)
    largest = max(lines, key=lines.__getitem__)
    figures = {
        "benchmark": "structure",
        "packages": len(packages),
        "modules": len(lines),
        "imports": len(edges),
        "package_imports": len(between),
        "package_levels": package_levels,
        "package_cycles": package_cycles,
        "upward_imports": sum(any(contradicts(edge, contract) for contract in contracts) for edge in edges),
        "tuning": {
            "packages": sum(name.split(".")[0] == "tuning" for name in packages),
            "modules": sum(name.startswith("tuning.") for name in lines),
            "imports": len(tuning),
            "levels": module_levels,
            "cycles": module_cycles,
        },
        "largest_module": {"name": largest, "lines": lines[largest]},
        "median_lines": median(lines.values()),
        "readme_bytes": (checkout / "README.md").stat().st_size,
    }
    rows = [
        (
            name,
            sum(package(module) == name for module in lines),
            sum(count for module, count in lines.items() if package(module) == name),
            sum(importer == name for importer, _ in between),
        )
        for name in packages
    ]
    return figures, rows


def main() -> None:
    """Measure a checkout and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("--checkout", type=Path, metavar="FOLDER", default=here, help="default: this checkout")
    figures, rows = measure(parser.parse_args().checkout.resolve())
    head = ("package", "modules", "lines", "imports packages")
    for name, *counts in itertools.chain([head], rows):
        print(name.ljust(20), *(str(count).rjust(16) for count in counts), file=sys.stderr)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
