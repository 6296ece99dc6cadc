"""The durable store of the VTN: what is acknowledged on the wire is committed here first.

``database`` opens it and gives transactions; each noun has its file of functions that
take the transaction first: ``party``, ``certificate``, ``event``, ``delivery``, ``opt``,
``report``, ``reading``, ``outbox``, ``audit``. ``change`` tells other processes what is new.
"""

from vtn.store.database import Store
from vtn.store.errors import StorageError
from vtn.store.transaction import Transaction

__all__ = ["StorageError", "Store", "Transaction"]
