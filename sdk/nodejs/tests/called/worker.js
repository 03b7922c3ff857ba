import { workerData } from "node:worker_threads";
import { peerConnected } from "#api";

for (let i = 0; i < 100; i++) peerConnected(workerData);
