import { readFileSync, writeFileSync } from 'node:fs';
import { documentTelemetry } from './document.ts';

// Writes docs/telemetry.md from the catalogue: `npm run docs`.
const file = new URL('../telemetry.md', import.meta.url);
const text = documentTelemetry();
const isNew = readFileSync(file, { encoding: 'utf8', flag: 'a+' }) !== text;
if (isNew) writeFileSync(file, text);
process.stdout.write(`docs/telemetry.md is ${isNew ? 'written' : 'up to date'}\n`);
