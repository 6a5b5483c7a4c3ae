import { hydrateRoot } from "react-dom/client";
import { App } from "./App";

const { session, endpoint } = document.querySelector("main")!.dataset as { session: string; endpoint: string };
hydrateRoot(document.querySelector("main")!, <App session={session} endpoint={endpoint} />, {
  onRecoverableError: (error) => console.error("not taken over: " + error),
});
document.documentElement.dataset.hydrated = "";
