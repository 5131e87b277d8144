"""What lies in the place of a checkpoint, told by a file's first bytes."""

from __future__ import annotations

FETCH_AGAIN = "Get the file from its publisher again."
UNPACK = "Unpack it and give the checkpoint in it."
TEXTS = (  # lower case, blanks left out
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "Run git lfs pull."),
    (b"<!doctype", "a web page", "Get the file itself: the address may want a sign-in."),
    (b"<html", "a web page", "Get the file itself: the address may want a sign-in."),
    (b"<?xml", "XML, such as a server's refusal", FETCH_AGAIN),
    (b"{", "JSON or a Python dictionary as text", "Give the file with the weights."),
    (b"[", "JSON as text", "Give the file with the weights."),
)
BYTES = (
    (0, b"\x1f\x8b", "compressed by gzip", UNPACK),
    (0, b"BZh", "compressed by bzip2", UNPACK),
    (0, b"\xfd7zXZ", "compressed by xz", UNPACK),
    (0, b"(\xb5/\xfd", "compressed by zstd", UNPACK),
    (0, b"7z\xbc\xaf", "a 7z archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"\x89HDF", "an HDF5 file, as Keras writes them", "Give a PyTorch checkpoint."),
    (0, b"\x93NUMPY", "a NumPy array", "Give a PyTorch checkpoint."),
    (0, b"\x89PNG", "a picture", FETCH_AGAIN),
    (0, b"\xff\xd8\xff", "a picture", FETCH_AGAIN),
    (0, b"%PDF", "a PDF document", FETCH_AGAIN),
    (4, b"TFL3", "a TensorFlow Lite network", "Give a PyTorch checkpoint."),
)


def kind_of(head: bytes) -> tuple[str, str] | None:
    """What a file is by its first 512 bytes, and what to do; None where it can be a PyTorch file."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head.strip(b"\0"):
        return ("full of zeros" if head else "empty"), FETCH_AGAIN
    if head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") < 1 << 27:
        return (
            "a safetensors file by another name",
            "Rename it to .safetensors if it is a network of this platform.",
        )
    if head[:1] == b"\x08" and b"pytorch" in head[:32]:
        return "an ONNX network", "Give the checkpoint that it was made from."
    for begin, what, advice in TEXTS:
        if text.lower().startswith(begin):
            return what, advice
    for place, begin, what, advice in BYTES:
        if head[place:].startswith(begin):
            return what, advice
    return None
