import { DeletionRecord } from '@zameni/contracts';
import { createRecordParser } from '../records/parse-record.ts';

/** What a deletion record says; undefined when nothing can be made of it. */
export const parseDeletionRecord = createRecordParser(DeletionRecord);
