"""The page that asks for name and password: one file, no script, nothing to load."""

from html import escape

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>Sign in · Latent Loom</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center;
  font: 15px/1.5 Inter, system-ui, sans-serif;
  background: oklch(.17 .008 260); color: oklch(.93 0 0); }}
form {{ width: min(20rem, 86vw); padding: 1.75rem; border-radius: 8px;
  background: oklch(.235 .010 260); border: 1px solid oklch(.32 .012 260); }}
h1 {{ margin: 0 0 1.25rem; font-size: 1.15rem; font-weight: 600; }}
label {{ display: block; margin-bottom: .85rem; color: oklch(.80 0 0); }}
input {{ box-sizing: border-box; width: 100%; margin-top: .25rem; padding: .5rem .65rem;
  font: inherit; color: inherit; background: oklch(.195 .008 260);
  border: 1px solid oklch(.42 .012 260); border-radius: 6px; }}
button {{ width: 100%; margin-top: .4rem; padding: .55rem; font: inherit; font-weight: 600;
  color: oklch(.17 .008 260); background: oklch(.80 .13 235); border: 0; border-radius: 6px; }}
input:focus-visible, button:focus-visible {{ outline: 2px solid oklch(.80 .13 235);
  outline-offset: 1px; }}
p {{ margin: 0 0 1rem; color: oklch(.78 .13 25); }}
@media (prefers-color-scheme: light) {{
  body {{ background: oklch(.96 .003 260); color: oklch(.25 0 0); }}
  form {{ background: white; border-color: oklch(.85 .008 260); }}
  label {{ color: oklch(.40 0 0); }}
  input {{ background: oklch(.98 .003 260); border-color: oklch(.65 .01 260); }}
  button {{ color: white; background: oklch(.50 .13 245); }}
  p {{ color: oklch(.50 .19 25); }}
}}
</style>
<form method="post" action="login">
<h1>Latent Loom</h1>
{problem}<label>Name<input name="name" autocomplete="username" autofocus></label>
<label>Password, or the token of this server
<input name="password" type="password" autocomplete="current-password" required></label>
<input type="hidden" name="next" value="{next}">
<button>Sign in</button>
</form>
</html>
"""
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
)


def page(next: str = "", problem: str = "", status: int = 200) -> web.Response:
    """The page.

    Args:
        next: where to go on, relative to the server's root.
        problem: what was wrong with the last attempt.
        status: of the answer.
    """
    told = f'<p role="alert">{escape(problem)}</p>\n' if problem else ""
    text = _PAGE.format(problem=told, next=escape(next))
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers, status=status)
