"""From a corpus to tokenised documents: each of its files once, whatever is done with them later.

OUT/casino/train-00000/     the `DocumentStore` of the corpus file casino/train-00000.parquet
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from odyssim import __version__
from odyssim.corpus.chatml import ChatML
from odyssim.corpus.documents import INDEX, DocumentStore, write_documents
from odyssim.corpus.render import render
from odyssim.corpus.store import read_interactions
from odyssim.corpus.summary import CorpusFile


def tokenise_file(corpus: Path, file: CorpusFile, out: Path, *, chatml: ChatML, max_tokens: int) -> DocumentStore:
    """The documents of one file of the corpus folder `corpus`, for rows of up to `max_tokens`, in a store below `out`.

    A store that was made from the same content in the same way is used as it is. Raises `DataError` if the file is
    missing or broken, `StorageError` if `out` cannot be written.
    """
    decides = [__version__, file.sha256, chatml.fingerprint, max_tokens]
    key = hashlib.sha256(json.dumps(decides).encode()).hexdigest()
    folder = (out / file.path).with_suffix("")
    if not (folder / INDEX).is_file() or DocumentStore(folder).index.key != key:
        shutil.rmtree(folder, ignore_errors=True)
        documents = render(read_interactions(corpus / file.path), chatml, max_tokens=max_tokens)
        write_documents(documents, folder, source=file.source, chatml=chatml, max_tokens=max_tokens, key=key)
    return DocumentStore(folder)
