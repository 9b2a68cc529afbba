// SPDX-License-Identifier: MIT
"use strict";

const table = document.querySelector("table");
const body = document.getElementById("targets");
const status = document.getElementById("status");
const search = document.getElementById("search");
const filter = document.getElementById("filter");
const base = new URL(".", document.baseURI);
const token = new URLSearchParams(location.search).get("token");

const LISTEN_AGAIN_MS = 5000; // where there are no events, the list is asked for so often instead
const LOAD_GAP_MS = 300; // between two loads that events cause

let targets = [];
let isLive = false;
let loading = null; // the load under way or about to begin

// The JSON text inside a packetflix: link is decoded twice by old clients, so it must not hold a
// plus or a percent sign.
function linkJSON(target) {
	return JSON.stringify(target).replace(/[+%]/g, (c) => "\\u00" + c.charCodeAt(0).toString(16));
}

function query(target, encode) {
	const nifs = target["network-interfaces"].join("/");
	let q = "container=" + encodeURIComponent(linkJSON(target)) + "&nif=" + encode(nifs);
	if (filter.value.trim())
		q += "&filter=" + encodeURIComponent(filter.value.trim());
	if (token)
		q += "&token=" + encodeURIComponent(token);
	return q;
}

function wiresharkLink(target) {
	const url = new URL("capture", base);
	url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
	return "packetflix:" + url.href + "?" + query(target, (s) => s);
}

function downloadLink(target) {
	return new URL("capture.pcapng", base).href + "?" + query(target, encodeURIComponent);
}

function anchor(text, href, title) {
	const a = document.createElement("a");
	a.textContent = text;
	a.href = href;
	a.title = title;
	return a;
}

function row(target) {
	const tr = document.createElement("tr");
	const name = tr.insertCell();
	name.className = "name";
	name.textContent = target.name;
	if (target.prefix) {
		const prefix = document.createElement("span");
		prefix.textContent = "in " + target.prefix;
		name.append(prefix);
	}
	tr.insertCell().textContent = target.type;
	tr.insertCell().textContent = target["network-interfaces"].join(", ") || "none up";
	const links = tr.insertCell();
	links.className = "links";
	links.append(
		anchor("Wireshark", wiresharkLink(target), "Capture live in Wireshark"),
		anchor("Download", downloadLink(target), "Capture into a file until you stop the download"));
	return tr;
}

function show() {
	const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
	const found = targets.filter((t) => {
		const text = [t.prefix, t.name, t.type, ...t["network-interfaces"]].join(" ").toLowerCase();
		return words.every((w) => text.includes(w));
	});
	body.replaceChildren(...found.map(row));
	table.hidden = found.length === 0;
	status.className = "";
	status.textContent = (found.length === targets.length
		? `${targets.length} targets`
		: `${found.length} of ${targets.length} targets`) +
		(isLive ? ", kept up to date" : "");
}

async function load() {
	try {
		const answer = await fetch(new URL("mobyshark", base),
			token ? { headers: { Authorization: "Bearer " + token } } : {});
		const doc = await answer.json();
		if (!answer.ok)
			throw new Error(doc.error || answer.statusText);
		targets = doc.containers;
		show();
	} catch (e) {
		status.className = "error";
		status.textContent = "The list of targets cannot be loaded: " + e.message;
	}
}

// The list has changed: load it, together with what changes in the moments after. Events tell what
// has changed, but only the list tells its order.
function loadSoon() {
	loading ??= setTimeout(() => {
		loading = null;
		load();
	}, LOAD_GAP_MS);
}

// Have the list kept up to date by events. The browser connects again by itself, unless it is
// refused; then the list is loaded from time to time.
function listen() {
	const url = new URL("events", base);
	if (token)
		url.searchParams.set("token", token);
	const source = new EventSource(url);
	source.onopen = () => {
		isLive = true;
		load();
	};
	source.onerror = () => {
		if (isLive) {
			isLive = false;
			show();
		}
		if (source.readyState === EventSource.CLOSED)
			setTimeout(() => {
				load();
				listen();
			}, LISTEN_AGAIN_MS);
	};
	source.addEventListener("generation", loadSoon);
	source.addEventListener("reset", loadSoon);
}

search.addEventListener("input", show);
filter.addEventListener("input", show);
document.getElementById("reload").addEventListener("click", load);
document.getElementById("search-form").addEventListener("submit", (e) => e.preventDefault());
load();
listen();
