"""The fixed parts of pages that stand in the way; recognisable, and doing nothing."""

from __future__ import annotations

WAITING = b"""<html><head><link rel="icon" href="data:;base64,=">
<script id="slardar-config" type="application/json">{"slardarClient": "SlardarWAF",
"sdkUrl": "/static/slardar/browser.sg.js", "bid": "sample_waf", "pid": "pid",
"pluginPathPrefix": "/static/slardar/plugins"}</script>
<script src="/static/slardar/browser.web.pre.js" crossorigin="anonymous"></script>
</head><body> Please wait... <p id="wci" class="_wafchallengeid"></p>
<p id="cs" class="c2FtcGxlLWNoYWxsZW5nZS10aGF0LW5vYm9keS1zaG91bGQtc29sdmU"></p>
<p id="rci" class="waforiginalreid"></p>
<p id="rs" class=""></p><p id="place_hold" class="support original referer"></p>
<script src="/static/waf-aiso/sample.js"></script></body></html>"""

PASS_COOKIE = "sample_waf_id"

PASSABLE = WAITING.replace(
    b"</body>",
    f"""<script>setTimeout(() => {{ document.cookie = "{PASS_COOKIE}=1; path=/";
location.reload(); }}, 50)</script></body>""".encode(),
)

SECURITY_CHECK = b"""<html><head><title>Security Check</title>
<script src="/static/captcha/loader.js"></script></head><body><div id="captcha_container"></div>
<script type="application/json" id="captcha-config">{"verify_data": {"code": "10000",
"from": "sample", "type": "verify", "subtype": "slide", "region": "sg", "detail": "sample",
"fp": "verify_sample"}}</script></body></html>"""

VERIFY = {
    "code": "10000",
    "from": "shark_admin",
    "type": "verify",
    "version": "2",
    "region": "sg",
    "subtype": "slide",
    "ui_type": "",
    "detail": "sample",
    "fp": "verify_sample",
}

SLIDER = """<div class="captcha-verify-container" id="captcha-verify-container-main-page">
<span>Drag the slider to fit the puzzle</span><img id="captcha-verify-image" alt=""></div>"""

DENIED = b"""<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>
You don't have permission to access this server.<P>Reference #18.5a1c2f17.1729000000.1a2b3c4</BODY>
</HTML>"""
