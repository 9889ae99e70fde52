#!/bin/sh
# Makes static/vendor anew from npm packages. Needs node and npm; run it by hand
# after a version changes, look at the difference, commit the result.
#   sh api/portal/static/vendor.sh
# What is left out to keep pages small: components that need scripts of their own
# or that no page uses, the dark colours, and the font's weight 500 (600 stands for it).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$here/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @digdir/designsystemet-css@1.22.0 @digdir/designsystemet@1.15.0 \
	@fontsource/be-vietnam-pro@5.3.0 htmx.org@4.0.1
cp "$here/designsystemet.config.json" .
npx designsystemet tokens create >/dev/null
npx designsystemet tokens build >/dev/null

css=node_modules/@digdir/designsystemet-css/dist/src
components="alert badge breadcrumbs button card details divider error-summary field fieldset heading input label link list
	pagination paragraph skip-link spinner table tag validation-message"
{
	printf '@layer ds.theme,ds.base,ds.components;'
	# The theme without dark colours: each layer stands between lines that begin with @layer.
	awk '/^@layer/ {skip = /color-scheme\.dark/} !skip' design-tokens-build/lienthong.css |
		sed -e '/^@charset/d' -e 's/^ *//' -e 's/weight: 500/weight: 600/;s/weight-medium: 500/weight-medium: 600/' | tr -s '\n ' | tr '\n' ' ' | sed -e 's/ *\([{};:]\) */\1/g'
	printf '@layer ds.base{'
	cat $css/base.css
	printf '}@layer ds.components{'
	for c in $components; do cat "$css/$c.css"; done
	printf '}\n'
} >"$out/designsystemet.css"

cp node_modules/htmx.org/dist/htmx.min.js node_modules/htmx.org/dist/ext/hx-sse.min.js "$out/"
for subset in latin vietnamese; do
	for weight in 400 600; do
		cp node_modules/@fontsource/be-vietnam-pro/files/be-vietnam-pro-$subset-$weight-normal.woff2 "$out/"
	done
done
cp node_modules/@digdir/designsystemet-css/LICENSE "$out/LICENSE-designsystemet.txt"
cp node_modules/htmx.org/LICENSE "$out/LICENSE-htmx.txt"
cp node_modules/@fontsource/be-vietnam-pro/LICENSE "$out/LICENSE-be-vietnam-pro.txt"
ls -l "$out"
