"""CRC-32C (Castagnoli), with which TFRecords protect lengths and data; zlib has another polynomial."""

import functools
from typing import Any

import numpy as np

__all__ = ["crc32c", "masked"]

POLYNOMIAL = 0x82F63B78  # reversed, as of RFC 3720, appendix B.4
BLOCK = 256  # bytes whose sum is computed at once: their table fits into the cache of a processor
MASK_DELTA = 0xA282EAD8


@functools.cache
def _tables() -> Any:
    """What a byte adds to the sum at each place of a block: uint32 (block, 256)."""
    first = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        first = np.where(first & 1, (first >> 1) ^ np.uint32(POLYNOMIAL), first >> 1)
    tables = [first]
    for _ in range(BLOCK - 1):
        tables.append((tables[-1] >> 8) ^ first[tables[-1] & 0xFF])
    return np.stack(tables[::-1])


@functools.cache
def _byte_table() -> list[int]:
    return _tables()[-1].tolist()


def crc32c(data: bytes) -> int:
    """The checksum: the sum is linear over bits, so that the bytes of a block are looked up together."""
    if len(data) < 64:
        table, state = _byte_table(), 0xFFFFFFFF
        for byte in data:
            state = (state >> 8) ^ table[(state ^ byte) & 0xFF]
        return state ^ 0xFFFFFFFF
    tables = _tables()
    blocks = -(-len(data) // BLOCK)
    padded = np.zeros(blocks * BLOCK, np.uint8)  # zeros before the first byte add nothing
    begin = len(padded) - len(data)
    padded[begin:] = np.frombuffer(data, np.uint8)
    padded[begin : begin + 4] ^= 0xFF  # the state that a sum begins with
    flat, places, state = tables.ravel(), np.arange(BLOCK, dtype=np.int32) * 256, 0
    ahead = [tables[place].tolist() for place in range(4)] if blocks > 1 else []
    for start in range(0, blocks, 64):  # what fits into a processor's cache
        part = padded[start * BLOCK : (start + 64) * BLOCK].reshape(-1, BLOCK)
        sums = np.bitwise_xor.reduce(flat.take(part + places, mode="wrap"), axis=1).tolist()
        for own in sums:
            state = own ^ _advanced(state, ahead) if state else own
    return state ^ 0xFFFFFFFF


def _advanced(state: int, ahead: list[list[int]]) -> int:
    """A sum after a block of zeros: its bytes count as the first four of the block."""
    return (
        ahead[0][state & 0xFF]
        ^ ahead[1][(state >> 8) & 0xFF]
        ^ ahead[2][(state >> 16) & 0xFF]
        ^ ahead[3][(state >> 24) & 0xFF]
    )


def masked(data: bytes) -> int:
    """The checksum as TFRecords store it."""
    value = crc32c(data)
    return (((value >> 15) | (value << 17)) + MASK_DELTA) & 0xFFFFFFFF
