import { runService } from '@zameni/runtime';
import { MailerConfig } from './config.ts';
import { startMailer } from './start.ts';

await runService({ name: 'mailer', schema: MailerConfig, start: startMailer });
