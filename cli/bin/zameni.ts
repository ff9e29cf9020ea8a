#!/usr/bin/env node
import { useCompileCache } from '../../deploy/local/host/compile-cache.ts';

// It serves only modules that are read after it.
useCompileCache();
const { runProgram } = await import('../src/program.ts');
await runProgram();
