using System.Text.Json;

namespace FleetOps.EndToEnd.Tests;

/// <summary>Where the files of this checkout lie.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string File(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The questions that the demo model was trained on, each with the answer that greedy decoding gives.</summary>
    public static IReadOnlyList<(string Question, string Answer)> DemoQuestions { get; } =
        [.. System.IO.File.ReadLines(File("deploy", "models", "demo", "questions.jsonl")).Select(Parse)];

    private static (string Question, string Answer) Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        return (json.RootElement.GetProperty("question").GetString()!, json.RootElement.GetProperty("answer").GetString()!);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "FleetOps.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} lies outside a checkout of FleetOps.");
    }
}
