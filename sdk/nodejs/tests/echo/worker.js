import { workerData } from "node:worker_threads";
import { appRecv } from "#api";

for (let i = 0; i < 100; i++) appRecv(workerData, Buffer.alloc(1000, "x"));
