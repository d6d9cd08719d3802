// SPDX-License-Identifier: LGPL-2.1-or-later
// The contours of Dev Tunnels SSH, one JSON line in, one out.
//   {"max": 8, "updates": [{"time": 0, "sent": 1, "received": 2, "latency": 3.5}]}   what it records
//   {"base64": "AQU..."}                                                             what it reads
import { createInterface } from 'node:readline';
import ssh from '@microsoft/dev-tunnels-ssh';

const describe = (contour) => ({
	interval: contour.interval,
	bytesSent: contour.bytesSent,
	bytesReceived: contour.bytesReceived,
	latencyMin: contour.latencyMinMs,
	latencyMax: contour.latencyMaxMs,
	latencyAverage: contour.latencyAverageMs,
	base64: contour.export(),
});

// A contour takes metrics, and of those only their events.
class Feed {
	constructor() {
		this.handlers = { sent: [], received: [], latency: [], closed: [] };
		const event = (name) => (handler) => {
			this.handlers[name].push(handler);
			return { dispose() {} };
		};
		this.onMessageSent = event('sent');
		this.onMessageReceived = event('received');
		this.onLatencyUpdated = event('latency');
		this.onSessionClosed = event('closed');
	}
	fire(name, value) {
		for (const handler of this.handlers[name]) handler(value);
	}
}

async function record({ max, updates }) {
	const contour = new ssh.SessionContour(max);
	const feed = new Feed();
	const collecting = contour.collectMetrics(feed);
	for (const { time, sent, received, latency } of updates) {
		if (sent) feed.fire('sent', { time, size: sent });
		if (received) feed.fire('received', { time, size: received });
		if (latency) feed.fire('latency', { time, latency });
	}
	feed.fire('closed');
	await collecting;
	return contour;
}

for await (const line of createInterface({ input: process.stdin })) {
	const order = JSON.parse(line);
	const contour = order.base64 !== undefined ? ssh.SessionContour.import(order.base64) : await record(order);
	process.stdout.write(JSON.stringify(describe(contour)) + '\n');
}
