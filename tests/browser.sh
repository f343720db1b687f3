#!/bin/sh
# Make sure that a browser is there for the tests: install Debian's when we may, say what to install when we may not.
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null
    exit $?
fi
echo "The browser tests need Chrome or Chromium on the search path: install it (Debian: apt install chromium chromium-driver)." >&2
exit 1
