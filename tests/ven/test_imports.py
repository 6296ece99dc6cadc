"""How the modules of the VEN depend on one another."""

from graphlib import TopologicalSorter

import grimp


def test_no_module_of_the_ven_imports_itself_through_others() -> None:
    graph = grimp.build_graph("ven")
    # Raises if there is a circle; what stands under TYPE_CHECKING counts too.
    order = TopologicalSorter(
        {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    ).static_order()
    assert "ven.client" in list(order)
