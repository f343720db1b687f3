#!/bin/sh
# Make sure that a browser and a LaTeX are there for the tests: install Debian's when we may (the LaTeX takes about
# four minutes and 400 MB), say what to install when we may not. Without a LaTeX its tests are skipped.
BROWSER="chromium chromium-driver"
LATEX="texlive-latex-recommended texlive-science texlive-xetex"
missing=""
browser=no
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && browser=yes
done
[ "$browser" = yes ] || missing="$BROWSER"
latex=yes
for name in pdflatex xelatex kpsewhich; do
    command -v "$name" >/dev/null 2>&1 || latex=no
done
[ "$latex" = yes ] && kpsewhich siunitx.sty >/dev/null || latex=no
[ "$latex" = yes ] || missing="$missing $LATEX"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    exit $?
fi
if [ "$latex" = no ]; then
    echo "The tests of LaTeX tables and PGF need a LaTeX and are skipped: install it (Debian: apt install $LATEX)." >&2
fi
[ "$browser" = yes ] && exit 0
echo "The browser tests need Chrome or Chromium on the search path: install it (Debian: apt install $BROWSER)." >&2
exit 1
