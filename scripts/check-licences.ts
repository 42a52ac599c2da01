// Fails when a package that hearth is installed with has a licence that is not on the list. Reads what is on the disk only.
import { fileURLToPath } from 'node:url';
import { EXCEPTIONS, licenceProblems, productionPackages } from './lib/licences.ts';

const packages = productionPackages(fileURLToPath(new URL('..', import.meta.url)));
const problems = licenceProblems(packages);
for (const problem of problems) console.error(problem);
if (problems.length > 0 || packages.length === 0) process.exitCode = 1;
else console.log(`${packages.length} packages, all with licences that are allowed; ${Object.keys(EXCEPTIONS).length} by exception`);
