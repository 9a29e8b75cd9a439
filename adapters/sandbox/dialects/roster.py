"""The dialects that can be spoken beside the native one."""

from collections.abc import Mapping

from adapters.sandbox.dialects.branch import Kind

KINDS: Mapping[str, Kind] = {}
