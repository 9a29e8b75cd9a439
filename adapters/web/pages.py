"""The plain pages of our own: whole in themselves, without scripts, under a policy that allows no more."""

import base64
from hashlib import sha256

_STYLE = """
body { font: 1.125rem/1.5 system-ui, sans-serif; margin: 15vh auto 0; max-width: 32rem; padding: 0 1rem;
       color: #1d2733; background: #f6f7f9; }
main { background: #fff; border-radius: .75rem; padding: 2rem; box-shadow: 0 1px 4px #0002; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
p { margin: 0; }
@media (prefers-color-scheme: dark) {
  body { color: #e6ebf1; background: #14181d; }
  main { background: #1f252c; }
}
"""

_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()

PAGE_CSP = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

# The page's scripts set styles and draw icons from data addresses; nothing comes from elsewhere.
DOCS_CSP = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_TEXTS = {
    "success": ("Thank you", "Your payment has arrived, and your order is on its way to being prepared."),
    "pending": (
        "Thank you",
        "Your payment is still being confirmed. You need not do anything, nor pay again.",
    ),
    "failed": (
        "The payment did not work",
        "Nothing was ordered for good. You can go back to the shop and try again.",
    ),
}

DOCS_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kassa: the API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/docs.js"></script>
</body>
</html>
"""


def landing_page(outcome: str) -> str:
    """Where a customer lands who comes back from paying; nothing that was sent is shown."""
    title, text = _TEXTS[outcome]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
</main>
</body>
</html>
"""
