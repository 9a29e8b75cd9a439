"""Distributions that offer backends, made up on the spot in a folder of the path."""

from pathlib import Path

SOUND = '''
"""A backend of somebody else's, in front of nothing."""
from application.gateways import Capabilities
from adapters.gateways.schemas import BASE_URL, SECRET, schema


class ElsewhereGateway:
    capabilities = Capabilities(asks_by_reference=False)
    base_url = "https://elsewhere.test"

    def initiate(self, opening): ...
    def parse_callback(self, received, now): ...
    def verify(self, order_id, transaction_id, within_seconds=None): ...
    def refund(self, instruction): ...


class Elsewhere:
    name = "elsewhere"
    settings_schema = schema(required={"base_url": BASE_URL, "key": SECRET}, optional={})
    gateway_type = ElsewhereGateway

    def __init__(self, calls): ...

    def connect(self, settings):
        return ElsewhereGateway()
'''


def offer(folder: Path, source: str = SOUND, *, name: str = "elsewhere", what: str = "Elsewhere") -> None:
    """Install a distribution of one module there, which offers one backend."""
    module = f"{name}_of_theirs"
    (folder / f"{module}.py").write_text(source, "utf-8")
    info = folder / f"{module}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: kassa-{name}\nVersion: 1.2\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[kassa.backends]\n{name} = {module}:{what}\n", "utf-8")
