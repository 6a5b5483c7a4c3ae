// Prints the numbers of the lines of a file that editors strike through.
import ts from "typescript";

const file = process.argv[2];
const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile("tsconfig.json", ts.sys.readFile).config, ts.sys, ".");
const service = ts.createLanguageService({
  ...ts.sys,
  useCaseSensitiveFileNames: () => true,
  getCurrentDirectory: ts.sys.getCurrentDirectory,
  getCompilationSettings: () => options,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  getScriptFileNames: () => [file],
  getScriptVersion: () => "1",
  getScriptSnapshot: (name) => (ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(ts.sys.readFile(name)) : undefined),
});
const source = service.getProgram().getSourceFile(file);
for (const d of service.getSuggestionDiagnostics(file)) {
  if (d.reportsDeprecated) console.log(source.getLineAndCharacterOfPosition(d.start).line + 1);
}
