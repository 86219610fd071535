import { render } from "preact";
import { server } from "./api";
import { App } from "./app";
import { embedded } from "./embedded";
import { Page, PageContext } from "./page";
import { Store } from "./state";
import "./style.css";

async function start(root: HTMLElement): Promise<void> {
  try {
    const source = embedded() ?? server;
    const about = await source.about();
    document.title = `${about.title} · isthmus`;
    const page = new Page(source, about, new Store());
    render(
      <PageContext.Provider value={page}>
        <App />
      </PageContext.Provider>,
      root,
    );
  } catch (error) {
    root.textContent = `This page could not start: ${(error as Error).message}`;
    root.setAttribute("role", "alert");
  }
}

void start(document.getElementById("page") as HTMLElement);
