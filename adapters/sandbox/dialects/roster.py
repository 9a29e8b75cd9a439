"""The dialects that can be spoken beside the native one."""

from collections.abc import Mapping

from adapters.sandbox.dialects.branch import Kind
from adapters.sandbox.dialects.epoint.branch import open_epoint
from adapters.sandbox.dialects.epoint.dialect import Account as EpointAccount

KINDS: Mapping[str, Kind] = {"epoint": Kind(EpointAccount, open_epoint)}
