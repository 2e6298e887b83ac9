// engine.mjs NODE_MODULES ELM.json PEOPLE.tsv: cql-execution on the same translation, as Engine.java does it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const [modules, elm, people] = process.argv.slice(2)
const cql = createRequire(join(resolve(modules), '..', 'any.js'))('cql-execution')
const library = new cql.Library(JSON.parse(readFileSync(elm, 'utf8')), new cql.Repository({}))

const value = (type, text) => {
  switch (type) {
    case 'Null': return null
    case 'Decimal': return Number(text)
    case 'Boolean': return text === 'true'
    case 'DateTime': return cql.DateTime.parse(text)
    case 'Date': return cql.Date.parse(text)
    default: return text
  }
}

const defines = []
let person, now, parameters, fields
const said = []
for (const line of readFileSync(people, 'utf8').split('\n').filter((line) => line !== '')) {
  const cells = line.split('\t')
  switch (cells[0]) {
    case 'D': defines.push(cells[1]); break
    case 'P': person = cells[1]; now = cql.DateTime.parse(cells[2]); parameters = {}; break
    case 'L': parameters[cells[1]] = []; break
    case 'F': fields = {}; parameters[cells[1]].push(fields); break
    case 'T': fields = {}; parameters[cells[1]] = fields; break
    case 'V': fields[cells[1]] = value(cells[2], cells[3]); break
    case 'S': parameters[cells[1]] = value(cells[2], cells[3]); break
    case 'E': {
      const executor = new cql.Executor(library, null, parameters)
      const results = await executor.exec(new cql.PatientSource([]), now)
      for (const define of defines) {
        said.push(`${person}\t${define}\t${results.unfilteredResults[define] ?? null}\n`)
      }
      break
    }
    default: throw new Error(`a line of no kind: ${line}`)
  }
}
process.stdout.write(said.join(''))
