import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// Vue has to be told that the element is none of its components.
const compilerOptions = { isCustomElement: (tag) => tag === "more-payment-methods" };

export default defineConfig({
  base: "./",
  esbuild: { jsx: "automatic" },
  plugins: [vue({ template: { compilerOptions } })],
  build: { rollupOptions: { input: { react: "./react/index.html", vue: "./vue/index.html" } } },
});
