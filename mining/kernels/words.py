"""Eight bytes of an array at once."""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_item_pointer
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


@intrinsic
def eight_bytes(typing: Any, raw: Any, at: Any) -> Any:
    """`raw[at:at + 8]` (uint8) as a little-endian uint64, for compiled code; the caller knows that they are there."""
    signature = types.uint64(raw, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = make_array(signature.args[0])(context, builder, arguments[0])
        pointer = get_item_pointer(context, builder, signature.args[0], array, [arguments[1]], wraparound=False)
        return builder.load(builder.bitcast(pointer, ir.IntType(64).as_pointer()), align=1)

    return signature, generate
