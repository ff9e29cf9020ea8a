import mjml2html from 'mjml';
import type { Direction } from '../mail.ts';

/** What the layout holds. Every text is HTML already. */
export type LayoutParts = {
  readonly language: string;
  readonly direction: Direction;
  readonly title: string;
  /** What lists of mails show beside the subject. */
  readonly preview: string;
  readonly product: string;
  readonly heading: string;
  readonly paragraphs: readonly string[];
  readonly action?: LayoutAction | undefined;
  readonly footer: readonly string[];
};

/** The button, and the link as text beneath it. */
export type LayoutAction = {
  readonly label: string;
  readonly link: string;
  readonly below: string;
};

const FONT = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";
const LIGHT = {
  page: '#f3f4f6',
  card: '#ffffff',
  text: '#1f2328',
  muted: '#59636e',
  link: '#0b57d0',
};
const DARK = {
  page: '#121417',
  card: '#1d2125',
  text: '#e8eaed',
  muted: '#a8b0ba',
  link: '#8ab4f8',
};
const ON_LINK = { light: '#ffffff', dark: '#0b2545' };

/** Colours for programs that show mails dark and read style sheets. Others turn colours themselves. */
const STYLE = `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  @media (prefers-color-scheme: dark) {
    body, .page, .page > div { background: ${DARK.page} !important; }
    .card, .card > table { background: ${DARK.card} !important; }
    .text div { color: ${DARK.text} !important; }
    .muted div { color: ${DARK.muted} !important; }
    .muted a { color: ${DARK.link} !important; }
    .button td, .button a { background: ${DARK.link} !important; color: ${ON_LINK.dark} !important; }
  }`;

/** Lays out a mail as HTML, without anything that is loaded from elsewhere. */
export async function layOut(parts: LayoutParts): Promise<string> {
  const { html } = await mjml2html(toMjml(parts), {
    // None of the fonts that MJML would load from Google.
    fonts: {},
    keepComments: false,
    validationLevel: 'strict',
  });
  return html.replaceAll(/\s*\n\s*/g, '\n').trim();
}

function toMjml({ language, direction, title, preview, product, ...parts }: LayoutParts): string {
  const { heading, paragraphs, action, footer } = parts;
  const start = direction === 'ltr' ? 'left' : 'right';
  return `
<mjml lang="${language}" dir="${direction}">
  <mj-head>
    <mj-title>${title}</mj-title>
    <mj-preview>${preview}</mj-preview>
    <mj-attributes>
      <mj-all font-family="${FONT}" />
      <mj-section direction="${direction}" />
      <mj-column direction="${direction}" />
      <mj-text align="${start}" font-size="16px" line-height="1.5" padding="8px 24px" color="${LIGHT.text}" css-class="text" />
      <mj-class name="muted" font-size="14px" color="${LIGHT.muted}" css-class="muted" />
    </mj-attributes>
    <mj-style>${STYLE}</mj-style>
    <mj-raw><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"></mj-raw>
  </mj-head>
  <mj-body width="560px" background-color="${LIGHT.page}" css-class="page">
    <mj-section padding="24px 0 0"><mj-column></mj-column></mj-section>
    <mj-section background-color="${LIGHT.card}" border-radius="8px" padding="16px 0" css-class="card">
      <mj-column>
        <mj-text mj-class="muted">${product}</mj-text>
        <mj-text><h1 style="margin:0;font-size:22px;line-height:1.3;font-weight:600">${heading}</h1></mj-text>
        <mj-text>${paragraphs.map(toParagraph).join('')}</mj-text>
        ${action === undefined ? '' : toAction(action, start)}
      </mj-column>
    </mj-section>
    <mj-section padding="8px 0 24px">
      <mj-column>
        <mj-text mj-class="muted">${footer.map(toParagraph).join('')}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>`;
}

function toAction({ label, link, below }: LayoutAction, start: 'left' | 'right'): string {
  return `
        <mj-button href="${link}" align="${start}" font-size="16px" font-weight="600" inner-padding="12px 20px" padding="8px 24px" border-radius="6px" background-color="${LIGHT.link}" color="${ON_LINK.light}" css-class="button">${label}</mj-button>
        <mj-text mj-class="muted">${toParagraph(below, 0)}<p style="margin:0;padding-top:4px"><a href="${link}" dir="ltr" style="color:${LIGHT.link};text-decoration:none;word-break:break-all;overflow-wrap:anywhere">${link}</a></p></mj-text>`;
}

function toParagraph(text: string, index: number): string {
  return `<p style="margin:0${index === 0 ? '' : ';padding-top:12px'}">${text}</p>`;
}
