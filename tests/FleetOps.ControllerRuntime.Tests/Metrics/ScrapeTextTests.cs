using System.IO.Compression;
using System.Text;
using FleetOps.ControllerRuntime.Metrics;
using FsCheck.Xunit;

namespace FleetOps.ControllerRuntime.Tests.Metrics;

public sealed class ScrapeTextTests
{
    [Fact]
    public async Task Lines_are_those_of_the_text_form()
    {
        using var writer = new ScrapeTextWriter();
        writer.Family("first", "What it tells.");
        writer.Begin();
        writer.Label("name", "a\\b\"c\nd");
        writer.Label("other", "é");
        writer.End(1.5);
        writer.Begin();
        writer.End(9_007_199_254_740_991);

        var expected = """
            # HELP first What it tells.
            # TYPE first gauge
            first{name="a\\b\"c\nd",other="é"} 1.5
            first 9007199254740991

            """;
        Assert.Equal(expected, await PlainAsync(writer.ToText()));
    }

    // One member, whose checksum and length are those of both parts: some clients refuse a second member, and all of them a wrong checksum.
    [Property]
    public async Task Compressed_and_plain_say_the_same(string[] values, string? others)
    {
        using var writer = new ScrapeTextWriter();
        writer.Family("a", "b");
        foreach (var value in values)
        {
            writer.Begin();
            writer.Label("value", value ?? "");
            writer.End(1);
        }

        var text = writer.ToText();
        using var gzip = new MemoryStream();

        await ScrapeText.WriteGzipAsync(text, Encoding.UTF8.GetBytes(others ?? ""), gzip, CancellationToken.None);

        Assert.Equal(await PlainAsync(text) + Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(others ?? "")), Inflate(gzip.ToArray()));
    }

    [Fact]
    public async Task Text_without_end_is_written_in_pieces()
    {
        const int Lines = 5000;
        using var writer = new ScrapeTextWriter();
        writer.Family("a", "b");
        for (var i = 0; i < Lines; i++)
        {
            writer.Begin();
            writer.Label("value", new string('x', 40));
            writer.End(i);
        }

        writer.Begin();
        writer.Label("long", new string('y', 200_000));
        writer.End(1);

        var lines = (await PlainAsync(writer.ToText())).Split('\n');

        Assert.Equal(Lines + 4, lines.Length);
        Assert.Equal($"a{{value=\"{new string('x', 40)}\"}} {Lines - 1}", lines[Lines + 1]);
        Assert.Equal(200_000, lines[Lines + 2].Count(c => c == 'y'));
    }

    private static async Task<string> PlainAsync(ScrapeText text)
    {
        using var plain = new MemoryStream();
        await text.WritePlainAsync(plain, CancellationToken.None);
        return Encoding.UTF8.GetString(plain.ToArray());
    }

    private static string Inflate(byte[] gzip)
    {
        using var stream = new GZipStream(new MemoryStream(gzip), CompressionMode.Decompress);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
