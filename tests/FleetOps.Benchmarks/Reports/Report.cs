using System.Globalization;
using System.Text.Json;

namespace FleetOps.Benchmarks.Reports;

/// <summary>The figures of one run: a table for people and a JSON file for programs. Thread-safe for nobody: one figure is measured at a time.</summary>
internal sealed class Report(string name)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly List<Figure> _figures = [];

    /// <summary>Adds a figure that must not exceed <paramref name="most"/>.</summary>
    public void AtMost(string figure, double value, string unit, double most) => Add(new(figure, Rounded(value), unit, $"<= {Text(most)}", value <= most));

    /// <summary>Adds a figure that must reach <paramref name="least"/>.</summary>
    public void AtLeast(string figure, double value, string unit, double least) => Add(new(figure, Rounded(value), unit, $">= {Text(least)}", value >= least));

    /// <summary>Adds a number that explains others.</summary>
    public void Info(string figure, double value, string unit) => Add(new(figure, Rounded(value), unit));

    /// <summary>Writes the file and prints the table. What an interrupted run had measured is in both.</summary>
    public void Close()
    {
        var path = Repository.Path("artifacts", "bench", name + ".json");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, JsonSerializer.Serialize(_figures, Json) + "\n");
        var width = _figures.Select(f => f.Name.Length).Append(6).Max();
        Console.WriteLine();
        Console.WriteLine($"{"figure".PadRight(width)}  {"value",12} {"unit",-12} {"goal",-12} met");
        foreach (var figure in _figures)
        {
            var met = figure.Met switch { true => "yes", false => "NO", null => "" };
            Console.WriteLine($"{figure.Name.PadRight(width)}  {Text(figure.Value),12} {figure.Unit,-12} {figure.Goal,-12} {met}");
        }

        var unmet = _figures.Count(f => f.Met == false);
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_figures.Count(f => f.Met == true)} goals met, {unmet} not met; {Repository.Relative(path)}"));
    }

    private void Add(Figure figure)
    {
        _figures.Add(figure);
        Progress.Say($"{figure.Name}: {Text(figure.Value)} {figure.Unit}{(figure.Goal is null ? "" : $" (goal {figure.Goal})")}");
    }

    private static double Rounded(double value) => Math.Abs(value) >= 1000 ? Math.Round(value) : Math.Round(value, 3);

    private static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
