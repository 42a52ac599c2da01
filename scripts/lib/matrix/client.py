"""What the client matrix asks of the Python client.

Without arguments it reads a visit as JSON from stdin and writes what became of it, as JSON, to stdout.
With --version it writes the version of the client.
"""

import asyncio
import json
import sys
import warnings
from importlib.metadata import version

from mcp import ClientSession, types
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

IS_FIRST = version("mcp").startswith("1.")


def open_transport(visit):
    return (sse_client if visit["transport"] == "sse" else streamable_http_client)(visit["url"])


def handlers(answers):
    async def elicit(_context, _params):
        return types.ElicitResult(action="accept", content=answers["elicited"])

    async def sample(_context, _params):
        text = types.TextContent(type="text", text=answers["sampled"])
        return types.CreateMessageResult(role="assistant", content=text, model="none")

    return {"elicitation_callback": elicit, "sampling_callback": sample}


async def use(client, revision, visit):
    tools = [tool.name for tool in (await client.list_tools()).tools]
    texts = []
    for call in visit["calls"]:
        result = await client.call_tool(call["name"], call["arguments"])
        texts.append(result.content[0].text)
    return {"revision": revision, "tools": tools, "texts": texts}


async def visit_with_session(visit):
    async with open_transport(visit) as (read, write, *_):
        async with ClientSession(read, write, **handlers(visit["answers"])) as session:
            return await use(session, (await session.initialize()).protocolVersion, visit)


async def visit_with_client(visit):
    from mcp import Client

    mode = visit["revision"] if visit["era"] == "modern" else visit["era"]
    async with Client(open_transport(visit), mode=mode, **handlers(visit["answers"])) as client:
        return await use(client, client.protocol_version, visit)


def reasons(error):
    inner = getattr(error, "exceptions", None)
    return [f"{type(error).__name__}: {error}"] if inner is None else [text for each in inner for text in reasons(each)]


def main():
    if "--version" in sys.argv:
        return print(version("mcp"))
    warnings.simplefilter("ignore")
    visit = json.load(sys.stdin)
    go = visit_with_session if IS_FIRST else visit_with_client
    try:
        outcome = asyncio.run(asyncio.wait_for(go(visit), visit["seconds"]))
    except Exception as error:
        outcome = {"error": "; ".join(reasons(error)) or type(error).__name__}
    print(json.dumps(outcome))


main()
